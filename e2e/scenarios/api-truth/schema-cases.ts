// What an API server says to every object of the CRDs' cases, beside what our own check says: the same is refused, with
// our message where the message is ours, and the same defaults are filled in.
import { expect } from "chai";
import { API_VERSION } from "../../../operator/api/group.ts";
import { BACKUP, REPOSITORY, RESTORE } from "../../../operator/api/kinds.ts";
import type { Schema } from "../../../operator/api/schema.ts";
import { SCHEMAS } from "../../../operator/api/schemas.generated.ts";
import { BACKUP_CASES } from "../../../operator/api/testing/backup-cases.ts";
import type { SchemaCase } from "../../../operator/api/testing/cases.ts";
import { REPOSITORY_CASES } from "../../../operator/api/testing/repository-cases.ts";
import { RESTORE_CASES } from "../../../operator/api/testing/restore-cases.ts";
import { validate, withDefaults } from "../../../operator/api/validate.ts";
import type { UncheckedObject } from "../../../operator/api/validate.ts";
import type { Answer, AskedApi } from "./asked.ts";

const CASES = { Repository: REPOSITORY_CASES, Backup: BACKUP_CASES, Restore: RESTORE_CASES };
const PLURALS = {
  Repository: REPOSITORY.plural,
  Backup: BACKUP.plural,
  Restore: RESTORE.plural,
} as const;
const NAMESPACE = "ops";
/** As kubectl asks: a field that there is not is refused, and not left out. */
const STRICT = "fieldValidation=Strict";
/** More at once than this, and a small API server answers 429. */
const AT_ONCE = 8;

export function describeSchemaCases(api: () => AskedApi): void {
  describe("the CRDs' rules", () => {
    before(async () => {
      await api().makeNamespace(NAMESPACE);
    });

    for (const [kind, cases] of Object.entries(CASES)) {
      it(`say of each ${kind} what our own check says (${cases.length} cases)`, async () => {
        const wrong: string[] = [];
        const queue = cases.map((one, i) => async () => {
          const difference = await differenceOf(api(), one, `case-${i}`);
          if (difference !== undefined) wrong.push(`${one.name}: ${difference}`);
        });
        await Promise.all(Array.from({ length: AT_ONCE }, async () => await drain(queue)));
        expect(wrong, wrong.join("\n")).to.deep.equal([]);
      });
    }
  });
}

async function drain(queue: (() => Promise<void>)[]): Promise<void> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) await next();
}

/** Undefined: both say the same. */
async function differenceOf(
  api: AskedApi,
  one: SchemaCase,
  name: string,
): Promise<string | undefined> {
  if (one.before === undefined) return difference(one, await make(api, one.object, true));
  const before = named(one.before, name);
  const made = await make(api, before, false);
  if (made.refusal !== undefined) return `before: ${made.refusal.message}`;
  const { resourceVersion } = made.object["metadata"] as { readonly resourceVersion: string };
  const after = named(one.object, name);
  const body = { ...after, metadata: { ...after.metadata, resourceVersion } };
  const path = `${pathOf(one.object.kind)}/${name}?dryRun=All&${STRICT}`;
  return difference(one, await api.ask(path, { method: "PUT", body }));
}

async function make(api: AskedApi, body: UncheckedObject, isDry: boolean): Promise<Answer> {
  return await api.ask(`${pathOf(body.kind)}?${STRICT}${isDry ? "&dryRun=All" : ""}`, {
    method: "POST",
    body,
  });
}

function difference(one: SchemaCase, { object, refusal }: Answer): string | undefined {
  if (one.problems.length === 0) {
    if (refusal !== undefined) return `is refused: ${refusal.message}`;
    const expected = specOf(withDefaults(one.object));
    const stored = object["spec"];
    return same(stored, expected)
      ? undefined
      : `is stored as ${JSON.stringify(stored)} and not as ${JSON.stringify(expected)}`;
  }
  if (refusal === undefined) return "is accepted";
  const own = ruleMessages(one.object.kind);
  const missing = validate(one.object, one.before)
    .filter(({ message }) => own.has(message))
    .filter(({ message }) => !refusal.message.includes(message));
  return missing.length === 0
    ? undefined
    : `is refused, but without our ${JSON.stringify(missing)}: ${refusal.message}`;
}

/** Of our rules; what a schema's own keywords say has other words in an API server. */
function ruleMessages(kind: UncheckedObject["kind"]): ReadonlySet<string> {
  const all = (schema: Schema): readonly string[] => [
    ...(schema["x-kubernetes-validations"] ?? []).map(({ message }) => message),
    ...Object.values(schema.properties ?? {}).flatMap(all),
    ...(schema.items === undefined ? [] : all(schema.items)),
  ];
  return new Set(all(SCHEMAS[kind]));
}

function pathOf(kind: keyof typeof PLURALS): string {
  const plural = PLURALS[kind];
  return `/apis/${API_VERSION}/namespaces/${NAMESPACE}/${plural}`;
}

function named(object: UncheckedObject, name: string): UncheckedObject {
  return { ...object, metadata: { ...object.metadata, name } };
}

function specOf(object: unknown): Readonly<Record<string, unknown>> {
  return (object as { readonly spec: Readonly<Record<string, unknown>> }).spec;
}

/** Whatever the order of fields. */
function same(a: unknown, b: unknown): boolean {
  try {
    expect(a).to.deep.equal(b);
    return true;
  } catch {
    return false;
  }
}
