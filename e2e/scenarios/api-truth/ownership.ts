// Server-side apply: whose field is whose, so that Argo CD, Flux and a person may keep our resources in Git. The embedded
// API server keeps no books of it.
import { expect } from "chai";
import { API_VERSION } from "../../../operator/api/group.ts";
import { REPOSITORY } from "../../../operator/api/kinds.ts";
import { aRepository } from "../../../operator/api/testing/cases.ts";
import { withDefaults } from "../../../operator/api/validate.ts";
import { MEDIA, type Answer, type AskedApi } from "./asked.ts";

const NAMESPACE = "ownership";

interface Managed {
  readonly manager: string;
  readonly subresource?: string;
  readonly fieldsV1: Readonly<Record<string, unknown>>;
}

/** Fields outside of metadata and status, of those who are not `persons`: nobody else may own one. */
export function strangersInSpec(object: unknown, persons: readonly string[]): readonly string[] {
  const { managedFields = [] } = (
    object as { readonly metadata: { readonly managedFields?: readonly Managed[] } }
  ).metadata;
  return managedFields
    .filter(({ manager }) => !persons.includes(manager))
    .filter(({ fieldsV1 }) => "f:spec" in fieldsV1)
    .map(({ manager }) => manager);
}

function specOf(object: unknown): Readonly<Record<string, unknown>> {
  return (object as { readonly spec: Readonly<Record<string, unknown>> }).spec;
}

export function describeOwnership(api: () => AskedApi): void {
  describe("ownership of fields", () => {
    const path = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/${REPOSITORY.plural}/prod`;
    const apply = async (manager: string, spec: object, isForced = false): Promise<Answer> => {
      const { apiVersion, kind } = aRepository();
      const body = { apiVersion, kind, metadata: { name: "prod", namespace: NAMESPACE }, spec };
      const query = `?fieldManager=${manager}&force=${isForced}`;
      return await api().ask(`${path}${query}`, {
        method: "PATCH",
        contentType: MEDIA.apply,
        body,
      });
    };
    const given = specOf(aRepository());
    const { concurrency: byDefault } = specOf(withDefaults(aRepository()));

    before(async () => {
      await api().makeNamespace(NAMESPACE);
      expect((await apply("argocd", given)).refusal).to.equal(undefined);
    });

    it("lets nobody take a field of another one without force, and names the owner", async () => {
      const { status, refusal } = await apply("person", { ...given, concurrency: 5 });
      expect(status, refusal?.message).to.equal(200);
      const taken = await apply("argocd", { ...given, concurrency: 3 });
      expect(taken.status).to.equal(409);
      expect(taken.refusal?.message).to.contain("person").and.to.contain(".spec.concurrency");
      expect((await apply("argocd", { ...given, concurrency: 3 }, true)).refusal).to.equal(
        undefined,
      );
    });

    it("gives a field back to its default when its last owner applies without it", async () => {
      expect((await apply("argocd", given)).refusal).to.equal(undefined);
      const { object } = await apply("person", given);
      expect(specOf(object)["concurrency"]).to.equal(byDefault);
      expect(strangersInSpec(object, ["argocd", "person"])).to.deep.equal([]);
    });
  });
}
