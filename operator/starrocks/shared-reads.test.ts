// Reads that are asked once for all that want them.
import { expect } from "chai";
import { ManualClock } from "../testing/manual-clock.ts";
import { FrontendError } from "./frontend.ts";
import { SHARED_MS, SharedReads } from "./shared-reads.ts";
import { FakeFrontend } from "./testing/fake-frontend.ts";

function make() {
  const clock = new ManualClock();
  const starrocks = new FakeFrontend({ databases: { shop: [{ name: "orders" }] } });
  const asked = (): readonly string[] => starrocks.calls.map(({ verb }) => verb);
  return { clock, starrocks, asked, frontend: new SharedReads(starrocks, clock) };
}

describe("SharedReads", () => {
  it("asks once for all that ask at about the same time", async () => {
    const { clock, frontend, asked } = make();
    await Promise.all([frontend.facts(), frontend.facts(), frontend.brokers()]);
    await clock.advance(SHARED_MS - 1);
    await frontend.facts();
    expect(asked()).to.deep.equal(["facts", "brokers"]);
  });

  it("asks anew after that", async () => {
    const { clock, frontend, starrocks, asked } = make();
    await frontend.brokers();
    await starrocks.addBroker("theirs", "elsewhere:1");
    await clock.advance(SHARED_MS);
    expect((await frontend.brokers()).map(({ name }) => name)).to.deep.equal(["theirs"]);
    expect(asked()).to.deep.equal(["brokers", "addBroker", "brokers"]);
  });

  it("shows its own changes at once, also to who asked while they were made", async () => {
    const { frontend } = make();
    const before = frontend.brokers();
    const change = frontend.addBroker("ours", "here:1");
    expect(await before).to.deep.equal([]);
    await change;
    expect((await frontend.brokers()).map(({ name }) => name)).to.deep.equal(["ours"]);
    await frontend.dropBroker("ours");
    expect(await frontend.brokers()).to.deep.equal([]);
  });

  it("shows a change whose answer was lost", async () => {
    const { frontend, starrocks } = make();
    await frontend.brokers();
    const error = new FrontendError("FrontendUnreachable", true, "lost");
    starrocks.fail("addBroker", { when: "after", error });
    await frontend.addBroker("ours", "here:1").catch(() => {});
    expect((await frontend.brokers()).map(({ name }) => name)).to.deep.equal(["ours"]);
  });

  it("shares no refusal with who comes later", async () => {
    const { frontend, starrocks } = make();
    const error = new FrontendError("FrontendUnreachable", true, "down");
    starrocks.fail("facts", { when: "before", error });
    const failed = await frontend.facts().catch((e: unknown) => e);
    expect(failed).to.equal(error);
    expect((await frontend.facts()).backends).to.have.length(3);
  });

  it("never shares what is said of one database", async () => {
    const { frontend, asked } = make();
    await frontend.jobs("shop");
    await frontend.jobs("shop");
    expect(asked()).to.deep.equal(["jobs", "jobs"]);
  });
});
