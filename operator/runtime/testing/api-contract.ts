// api.ts as tests: every promise of the contract, for the API in memory and for client.ts on a server. Each
// test works in a namespace of its own that `open` has made sure of, on Jobs and Leases: a kind with a
// status and one without, both of which any server knows.
import { expect } from "chai";
import { must } from "../../assert.ts";
import type { Api, Kind, KubernetesObject, WatchEvent } from "../api.ts";
import { isApiError } from "../api.ts";
import type { Job, Lease } from "../objects.ts";
import { JOBS, LEASES, PODS } from "../objects.ts";

export interface Opened {
  readonly api: Api;
  /** A namespace that exists and is empty; another one each time. */
  readonly namespace: () => Promise<string>;
  readonly close: () => Promise<void>;
}

export function describeApi(name: string, open: () => Promise<Opened>): void {
  describe(`${name} keeps the contract of the Kubernetes API`, () => {
    let opened: Opened | undefined;
    let namespace = "";
    const stop = new AbortController();

    before(async () => {
      opened = await open();
    });
    beforeEach(async () => {
      namespace = await must(opened).namespace();
    });
    after(async () => {
      stop.abort(new Error("the test is over"));
      await opened?.close();
    });

    const api = () => must(opened).api;
    const lease = (name: string, more: Partial<Lease["metadata"]> = {}): Lease => ({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace, ...more },
      spec: { holderIdentity: "a", leaseDurationSeconds: 15 },
    });
    const job = (name: string): Job => ({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, namespace },
      spec: {
        suspend: true,
        template: {
          spec: { restartPolicy: "Never", containers: [{ name: "main", image: "none" }] },
        },
      },
    });
    const versionOf = (object: KubernetesObject) => must(object.metadata.resourceVersion);
    const refusal = async (call: Promise<unknown>): Promise<unknown> =>
      await call.then(
        () => new Error("it was not refused"),
        (error: unknown) => error,
      );
    const expectReason = async (call: Promise<unknown>, reason: string) => {
      const error = await refusal(call);
      expect(isApiError(error, reason), `${reason}, not ${String(error)}`).to.equal(true);
    };

    describe("create and get", () => {
      it("fills in uid, resourceVersion and creationTimestamp as text", async () => {
        const made = await api().create(LEASES, lease("a"));
        expect(made.metadata.uid).to.be.a("string");
        expect(made.metadata.creationTimestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        const got = await api().get(LEASES, { namespace, name: "a" });
        expect(got).to.deep.equal(made);
        expect(made.apiVersion).to.equal("coordination.k8s.io/v1");
        expect(made.kind).to.equal("Lease");
      });

      it("answers undefined for what is not there", async () => {
        expect(await api().get(LEASES, { namespace, name: "none" })).to.equal(undefined);
      });

      it("refuses a name that is taken", async () => {
        await api().create(LEASES, lease("a"));
        await expectReason(api().create(LEASES, lease("a")), "AlreadyExists");
      });
    });

    describe("patch", () => {
      it("merges, removes what is null, and counts a new version", async () => {
        const made = await api().create(LEASES, lease("a", { labels: { one: "1", two: "2" } }));
        const key = { namespace, name: "a" };
        const patch = { metadata: { labels: { one: null, three: "3" } } };
        const patched = await api().patch(LEASES, key, patch);
        expect(patched.metadata.labels).to.deep.equal({ two: "2", three: "3" });
        expect(patched.spec?.holderIdentity).to.equal("a");
        expect(versionOf(patched)).not.to.equal(versionOf(made));
      });

      it("refuses a version that is no longer the newest", async () => {
        const made = await api().create(LEASES, lease("a"));
        const key = { namespace, name: "a" };
        const spec = (holderIdentity: string) => ({ spec: { holderIdentity } });
        const options = { resourceVersion: versionOf(made) };
        const second = await api().patch(LEASES, key, spec("b"), options);
        await expectReason(api().patch(LEASES, key, spec("c"), options), "Conflict");
        const now = await api().get(LEASES, key);
        expect(now).to.deep.equal(second);
      });

      it("says NotFound when there is nothing to patch", async () => {
        const call = api().patch(LEASES, { namespace, name: "none" }, { spec: {} });
        await expectReason(call, "NotFound");
      });

      it("writes a status through its subresource alone, and leaves generation alone", async () => {
        const made = await api().create(JOBS, job("a"));
        const key = { namespace, name: "a" };
        const status = { startTime: "2026-01-01T00:00:00Z" };
        const ignored = await api().patch(JOBS, key, { status });
        expect(ignored.status?.startTime).to.equal(undefined);
        const written = await api().patch(JOBS, key, { status }, { subresource: "status" });
        expect(written.status?.startTime).to.equal("2026-01-01T00:00:00Z");
        expect(written.metadata.generation).to.equal(made.metadata.generation);
        const labels = { metadata: { labels: { a: "b" } }, status: {} };
        const options = { subresource: "status", resourceVersion: versionOf(written) } as const;
        const untouched = await api().patch(JOBS, key, labels, options);
        expect(untouched.spec).to.deep.equal(made.spec);
      });

      it("counts a generation for each change of the specification", async () => {
        const made = await api().create(JOBS, job("a"));
        const key = { namespace, name: "a" };
        const changed = await api().patch(JOBS, key, { spec: { activeDeadlineSeconds: 60 } });
        expect(changed.metadata.generation).to.equal(must(made.metadata.generation) + 1);
      });
    });

    describe("apply", () => {
      it("makes the object, and may be repeated without a new version", async () => {
        const made = await api().apply(LEASES, lease("a"));
        const again = await api().apply(LEASES, lease("a"));
        expect(again.metadata.uid).to.equal(made.metadata.uid);
        expect(versionOf(again)).to.equal(versionOf(made));
      });

      it("sets its own fields, takes back those it no longer has, and leaves others'", async () => {
        await api().apply(LEASES, lease("a", { labels: { ours: "1", old: "1" } }));
        const key = { namespace, name: "a" };
        await api().patch(LEASES, key, { metadata: { annotations: { theirs: "1" } } });
        const applied = await api().apply(LEASES, lease("a", { labels: { ours: "2" } }));
        expect(applied.metadata.labels).to.deep.equal({ ours: "2" });
        expect(applied.metadata.annotations).to.deep.equal({ theirs: "1" });
      });
    });

    describe("delete", () => {
      it("takes the object away, and may be repeated", async () => {
        await api().create(LEASES, lease("a"));
        await api().delete(LEASES, { namespace, name: "a" });
        expect(await api().get(LEASES, { namespace, name: "a" })).to.equal(undefined);
        await api().delete(LEASES, { namespace, name: "a" });
      });

      it("refuses when the object is another one by now", async () => {
        await api().create(LEASES, lease("a"));
        const uid = "00000000-0000-4000-8000-ffffffffffff";
        const call = api().delete(LEASES, { namespace, name: "a" }, { uid });
        await expectReason(call, "Conflict");
      });

      it("refuses when the object has changed since", async () => {
        const { metadata } = await api().create(LEASES, lease("a"));
        const key = { namespace, name: "a" };
        await api().patch(LEASES, key, { spec: { holderIdentity: "other" } });
        const { resourceVersion = "" } = metadata;
        await expectReason(api().delete(LEASES, key, { resourceVersion }), "Conflict");
      });

      it("waits for finalizers, accepts no new one, and lets go with the last", async () => {
        const finalizers = ["example.org/one", "example.org/two"];
        await api().create(LEASES, lease("a", { finalizers }));
        const key = { namespace, name: "a" };
        await api().delete(LEASES, key);
        const dying = must(await api().get(LEASES, key));
        expect(dying.metadata.deletionTimestamp).to.match(/Z$/);
        const more = { metadata: { finalizers: [...finalizers, "example.org/three"] } };
        const error = await refusal(api().patch(LEASES, key, more));
        expect(error).to.have.property("name", "ApiError");
        await api().patch(LEASES, key, { metadata: { finalizers: ["example.org/two"] } });
        expect(await api().get(LEASES, key)).not.to.equal(undefined);
        await api().patch(LEASES, key, { metadata: { finalizers: [] } });
        expect(await api().get(LEASES, key)).to.equal(undefined);
      });
    });

    describe("list", () => {
      it("gives items with apiVersion and kind, in pages that fit together", async () => {
        for (const name of ["a", "b", "c", "d", "e"]) await api().create(LEASES, lease(name));
        const names: string[] = [];
        let continueFrom: string | undefined;
        let pages = 0;
        do {
          const more = continueFrom === undefined ? {} : { continueFrom };
          const page = await api().list(LEASES, { namespace, limit: 2, ...more });
          expect(page.resourceVersion).to.match(/^\d+$/);
          for (const item of page.items) {
            expect(item.kind).to.equal("Lease");
            names.push(item.metadata.name);
          }
          continueFrom = page.continueFrom;
          pages += 1;
        } while (continueFrom !== undefined && pages < 10);
        expect(names.sort()).to.deep.equal(["a", "b", "c", "d", "e"]);
        expect(pages).to.equal(3);
      });

      it("selects by labels and fields", async () => {
        await api().create(LEASES, lease("a", { labels: { app: "x", tier: "1" } }));
        await api().create(LEASES, lease("b", { labels: { app: "x" } }));
        await api().create(LEASES, lease("c", { labels: { app: "y" } }));
        const names = async (selection: object) => {
          const { items } = await api().list(LEASES, { namespace, ...selection });
          return items.map((item) => item.metadata.name).sort();
        };
        expect(await names({ labelSelector: "app=x" })).to.deep.equal(["a", "b"]);
        expect(await names({ labelSelector: "app=x,tier!=1" })).to.deep.equal(["b"]);
        expect(await names({ labelSelector: "app in (x,y),!tier" })).to.deep.equal(["b", "c"]);
        expect(await names({ fieldSelector: "metadata.name=c" })).to.deep.equal(["c"]);
      });

      it("lists all namespaces when none is named", async () => {
        await api().create(LEASES, lease("a", { labels: { everywhere: namespace } }));
        const page = await api().list(LEASES, { labelSelector: `everywhere=${namespace}` });
        expect(page.items.map((item) => item.metadata.namespace)).to.deep.equal([namespace]);
      });
    });

    describe("watch", () => {
      it("tells what happened since the version, in order", async () => {
        await api().create(LEASES, lease("before"));
        const { resourceVersion } = await api().list(LEASES, { namespace });
        const watch = startWatch(api(), LEASES, { namespace, resourceVersion });
        await api().create(LEASES, lease("a"));
        await api().patch(LEASES, { namespace, name: "a" }, { spec: { holderIdentity: "b" } });
        await api().delete(LEASES, { namespace, name: "a" });
        const events = await watch.take(3);
        expect(events.map((event) => event.type)).to.deep.equal(["ADDED", "MODIFIED", "DELETED"]);
        const [, modified] = events;
        assertObject(modified);
        expect(modified.object.spec?.holderIdentity).to.equal("b");
        await watch.stop();
      });

      it("shows an object that leaves the selection as deleted", async () => {
        const { resourceVersion } = await api().list(LEASES, { namespace });
        const selection = { namespace, resourceVersion, labelSelector: "app=x" };
        const watch = startWatch(api(), LEASES, selection);
        await api().create(LEASES, lease("other"));
        await api().create(LEASES, lease("a", { labels: { app: "x" } }));
        const patch = { metadata: { labels: { app: "y" } } };
        await api().patch(LEASES, { namespace, name: "a" }, patch);
        const events = await watch.take(2);
        expect(events.map((event) => event.type)).to.deep.equal(["ADDED", "DELETED"]);
        await watch.stop();
      });

      it("ends with the signal's reason", async () => {
        const { resourceVersion } = await api().list(LEASES, { namespace });
        const watch = startWatch(api(), LEASES, { namespace, resourceVersion });
        const next = refusal(watch.take(1));
        await watch.stop();
        expect(await next).to.have.property("message", "enough");
      });
    });

    it("answers no log for a pod that is not there", async () => {
      const options = { tailLines: 10, limitBytes: 1000 };
      expect(await api().log({ namespace, name: "none" }, options)).to.equal("");
      expect(await api().get(PODS, { namespace, name: "none" })).to.equal(undefined);
    });
  });
}

function startWatch<T extends KubernetesObject>(
  api: Api,
  kind: Kind<T>,
  selection: { readonly namespace: string; readonly resourceVersion: string },
) {
  const stop = new AbortController();
  const events = api.watch(kind, { ...selection, signal: stop.signal })[Symbol.asyncIterator]();
  const take = async (count: number): Promise<readonly WatchEvent<T>[]> => {
    const taken: WatchEvent<T>[] = [];
    while (taken.length < count) {
      const next = await events.next();
      if (next.done === true) throw new Error(`the watch ended after ${taken.length} events`);
      if (next.value.type !== "BOOKMARK") taken.push(next.value);
    }
    return taken;
  };
  return {
    take,
    stop: async () => {
      stop.abort(new Error("enough"));
      await events.return?.();
    },
  };
}

function assertObject<T>(
  event: WatchEvent<T> | undefined,
): asserts event is WatchEvent<T> & { readonly object: T } {
  expect(event).to.have.property("object");
}
