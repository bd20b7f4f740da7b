// What our client leans on in watches: what expired is said as 410, bookmarks come, and after a restart it goes on.
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock, systemRandom } from "../../../operator/clock.ts";
import { silentLog } from "../../../operator/log.ts";
import type { Client } from "../../../operator/runtime/client.ts";
import { openApi } from "../../../operator/runtime/client.ts";
import { Informer } from "../../../operator/runtime/informer.ts";
import { RuntimeMetrics } from "../../../operator/runtime/metrics.ts";
import { BACKUP } from "../../../operator/api/kinds.ts";
import type { Backup } from "../../../operator/api/backup.generated.ts";
import { aBackup } from "../../../operator/api/testing/cases.ts";
import type { AskedApi } from "./asked.ts";

const NAMESPACE = "watches";
const DEADLINE_MS = 120_000;

export interface Disturbed extends AskedApi {
  /** For the operator's own client. */
  readonly kubeconfig: string;
  /** Older resourceVersions are 410 from now on. */
  compact(): Promise<void>;
  /** Killed, and started again on what is stored. */
  restart(): Promise<void>;
}

export function describeWatches(api: () => Disturbed): void {
  describe("watches, as the operator's own client follows them", () => {
    let client: Client;

    before(async () => {
      await api().makeNamespace(NAMESPACE);
      client = openApi({
        kubeconfig: api().kubeconfig,
        userAgent: "test/1",
        fieldManager: "test",
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
        metrics: new RuntimeMetrics(),
        rateLimit: { perSecond: 1000, burst: 1000 },
      });
    });

    after(() => client?.close());

    const make = async (name: string): Promise<void> => {
      const object = aBackup({}, name);
      const metadata = { ...object.metadata, namespace: NAMESPACE };
      await api().client.create(BACKUP, { ...object, metadata } as Backup);
    };

    it("tell that a version is too old, so that a list follows", async () => {
      const { resourceVersion } = await client.list(BACKUP, { namespace: NAMESPACE });
      await make("old-1");
      await make("old-2");
      await api().compact();
      const { signal } = new AbortController();
      const heard: unknown[] = [];
      let failed: unknown;
      try {
        const options = { namespace: NAMESPACE, resourceVersion, signal };
        for await (const event of client.watch(BACKUP, options)) heard.push(event);
      } catch (error) {
        failed = error;
      }
      expect(failed, JSON.stringify(heard)).to.include({ status: 410 });
    });

    it("miss nothing over a restart of the API server, nor over a compaction", async () => {
      const metrics = new RuntimeMetrics();
      const deps = { api: client, clock: systemClock, random: systemRandom, log: silentLog };
      const informer = new Informer({ ...deps, metrics }, BACKUP, { namespaces: [NAMESPACE] });
      const stop = new AbortController();
      const running = informer.run(stop.signal);
      try {
        await informer.synced;
        await make("before-restart");
        await untilHeard(informer, "before-restart");
        await api().restart();
        await untilAnswered(api());
        await make("after-restart");
        await untilHeard(informer, "after-restart");
        await api().compact();
        await untilAnswered(api());
        await make("after-compaction");
        await untilHeard(informer, "after-compaction");
      } finally {
        stop.abort(new Error("the test is over"));
        await running;
      }
    });
  });
}

/** Connections of before are found dead by whoever uses them first. */
async function untilAnswered(api: AskedApi): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const answer = await api.ask("/api").catch(() => undefined);
    if (answer?.status === 200) return;
    if (Date.now() > deadline) throw new Error("the API server never answered after its restart");
    await sleep(50);
  }
}

async function untilHeard(informer: Informer<Backup>, name: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (informer.store.get({ namespace: NAMESPACE, name }) === undefined) {
    if (Date.now() > deadline) throw new Error(`the informer never heard of ${name}`);
    await sleep(50);
  }
}
