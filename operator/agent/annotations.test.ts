import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { parseOrders, watchOrders, type Orders } from "./annotations.ts";

describe("parseOrders", () => {
  const cases: readonly { name: string; text: string; orders: Orders }[] = [
    { name: "nothing", text: "", orders: { drain: false, bandwidth: undefined } },
    {
      name: "both orders among others",
      text: 'kubernetes.io/config.seen="2026-11-21T00:00:00Z"\nbackup.starrocks.io/bandwidth="5000000"\nbackup.starrocks.io/drain="true"\n',
      orders: { drain: true, bandwidth: 5_000_000 },
    },
    {
      name: "a value of several lines and a quote that JSON does not know",
      text: 'note="a\\nb\\"c"\nodd="\\a"\nbackup.starrocks.io/drain="true"',
      orders: { drain: true, bandwidth: undefined },
    },
    {
      name: "a drain that is not asked for",
      text: 'backup.starrocks.io/drain="false"',
      orders: { drain: false, bandwidth: undefined },
    },
    {
      name: "a bandwidth that cannot work, raised to the least that does",
      text: 'backup.starrocks.io/bandwidth="10"',
      orders: { drain: false, bandwidth: 1_048_576 },
    },
    {
      name: "a bandwidth that is no number, where none was set before",
      text: 'backup.starrocks.io/bandwidth="10Mi"',
      orders: { drain: false, bandwidth: undefined },
    },
  ];
  for (const { name, text, orders } of cases) {
    it(`reads ${name}`, () => {
      expect(parseOrders(text, silentLog)).to.deep.equal(orders);
    });
  }

  it("leaves the limit as it was when the new one is not understood", () => {
    const before = { drain: false, bandwidth: 5_000_000 };
    const orders = parseOrders('backup.starrocks.io/bandwidth="10Mi"', silentLog, before);
    expect(orders).to.deep.equal(before);
    expect(parseOrders("", silentLog, before).bandwidth).to.equal(undefined);
  });
});

describe("watchOrders", () => {
  it("sees the file replaced by a symbolic link, as the kubelet does, and survives its absence", async () => {
    const dir = await mkdtemp(join(tmpdir(), "agent-orders-"));
    const path = join(dir, "annotations");
    const stop = new AbortController();
    const seen: Orders[] = [];
    const second = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    // Looks at once: the test's events decide when, not the time.
    const clock = {
      ...systemClock,
      sleep: async () => {
        await new Promise<void>((resolve) => {
          setImmediate(resolve);
        });
      },
    };
    const watching = watchOrders({
      path,
      clock,
      log: silentLog,
      signal: stop.signal,
      changed: (orders) => {
        seen.push(orders);
        (seen.length === 1 ? first : second).resolve();
      },
    });
    await writeFile(join(dir, "v1"), 'backup.starrocks.io/bandwidth="2000000"');
    await symlink("v1", path);
    await first.promise;
    await writeFile(
      join(dir, "v2"),
      'backup.starrocks.io/drain="true"\nbackup.starrocks.io/bandwidth="x"',
    );
    await symlink("v2", join(dir, "next"));
    await rename(join(dir, "next"), path);
    await second.promise;
    stop.abort();
    await watching;
    await rm(dir, { recursive: true });
    expect(seen.map((o) => o.drain)).to.deep.equal([false, true]);
    expect(seen.map((o) => o.bandwidth)).to.deep.equal([2_000_000, 2_000_000]);
  });
});
