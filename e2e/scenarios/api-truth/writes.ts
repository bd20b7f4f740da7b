// Who may write what: spec and status apart, versions, and whose field is whose.
import { expect } from "chai";
import { API_VERSION } from "../../../operator/api/group.ts";
import { BACKUP, REPOSITORY, RESTORE } from "../../../operator/api/kinds.ts";
import { aBackup, aRepository, aRestore } from "../../../operator/api/testing/cases.ts";
import type { UncheckedObject } from "../../../operator/api/validate.ts";
import { MEDIA, type AskedApi } from "./asked.ts";

const NAMESPACE = "writes";
const OBJECTS = [
  [BACKUP.plural, aBackup()],
  [REPOSITORY.plural, aRepository()],
  [RESTORE.plural, aRestore()],
] as const;

interface Stored {
  readonly metadata: { readonly generation: number; readonly resourceVersion: string };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

function inNamespace(object: UncheckedObject): UncheckedObject {
  return { ...object, metadata: { ...object.metadata, namespace: NAMESPACE } };
}

export function describeWrites(api: () => AskedApi): void {
  describe("writes", () => {
    const collection = (plural: string): string =>
      `/apis/${API_VERSION}/namespaces/${NAMESPACE}/${plural}`;
    const stored = async (path: string): Promise<Stored> =>
      (await api().ask(path)).object as unknown as Stored;

    before(async () => {
      await api().makeNamespace(NAMESPACE);
      for (const [plural, object] of OBJECTS) {
        const body = { ...inNamespace(object), status: { phase: "FINISHED", message: "not so" } };
        const { status, refusal } = await api().ask(collection(plural), { method: "POST", body });
        expect(status, refusal?.message).to.equal(201);
      }
    });

    for (const [plural, { metadata }] of OBJECTS) {
      const path = `${collection(plural)}/${metadata.name}`;

      it(`of ${plural}: a status that comes with the object is not taken`, async () => {
        const { status, metadata: meta } = await stored(path);
        expect(status).to.deep.equal({ observedGeneration: -1 });
        expect(meta.generation).to.equal(1);
      });

      it(`of ${plural}: a status is written by its subresource alone, and nothing else by that`, async () => {
        const change = { status: { observedGeneration: 7 }, metadata: { labels: { a: "b" } } };
        const patch = { method: "PATCH", contentType: MEDIA.merge } as const;
        const spec = { repository: "other", location: "s3://other/x" };
        await api().ask(path, { ...patch, body: { status: { observedGeneration: 3 } } });
        expect((await stored(path)).status).to.deep.equal({ observedGeneration: -1 });
        const before = await stored(path);
        const written = await api().ask(`${path}/status`, { ...patch, body: { ...change, spec } });
        expect(written.status, written.refusal?.message).to.equal(200);
        const after = await stored(path);
        expect(after.status).to.deep.equal({ observedGeneration: 7 });
        expect(after.spec).to.deep.equal(before.spec);
        expect(after.metadata.generation).to.equal(before.metadata.generation);
      });

      it(`of ${plural}: a status that does not fit is refused`, async () => {
        const body = { status: { phase: "NO_SUCH_PHASE" } };
        const { refusal } = await api().ask(`${path}/status`, {
          method: "PATCH",
          contentType: MEDIA.merge,
          body,
        });
        expect(refusal?.reason).to.equal("Invalid");
        // Older ones leave out where it is: in the status.
        expect(refusal?.message).to.match(/\bphase: Unsupported value: "NO_SUCH_PHASE"/);
      });

      it(`of ${plural}: a write over one that was not seen is a conflict`, async () => {
        const old = await stored(path);
        const touch = { metadata: { annotations: { touched: "1" } } };
        await api().ask(path, { method: "PATCH", contentType: MEDIA.merge, body: touch });
        const { resourceVersion } = old.metadata;
        for (const at of [path, `${path}/status`]) {
          const { status, refusal } = await api().ask(at, {
            method: "PATCH",
            contentType: MEDIA.merge,
            body: { metadata: { resourceVersion }, status: { observedGeneration: 1 } },
          });
          expect([status, refusal?.reason]).to.deep.equal([409, "Conflict"]);
        }
      });

      it(`of ${plural}: to apply the same twice changes nothing`, async () => {
        const given = OBJECTS.find(([one]) => one === plural)?.[1];
        const body = inNamespace(given ?? aBackup());
        const question = { method: "PATCH", contentType: MEDIA.apply, body } as const;
        const at = `${path}?fieldManager=person&force=true`;
        expect((await api().ask(at, question)).refusal).to.equal(undefined);
        const once = await stored(path);
        expect((await api().ask(at, question)).refusal).to.equal(undefined);
        expect((await stored(path)).metadata.resourceVersion).to.equal(
          once.metadata.resourceVersion,
        );
      });
    }
  });
}
