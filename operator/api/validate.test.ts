import { expect } from "chai";
import { BACKUP_CASES } from "./testing/backup-cases.ts";
import { aBackup, aRepository, aRestore, type SchemaCase } from "./testing/cases.ts";
import { REPOSITORY_CASES } from "./testing/repository-cases.ts";
import { RESTORE_CASES } from "./testing/restore-cases.ts";
import { describeProblems, type Problem, type Schema } from "./schema.ts";
import { SCHEMAS } from "./schemas.generated.ts";
import { validate, validateStatus, withDefaults } from "./validate.ts";

const CASES = { Repository: REPOSITORY_CASES, Backup: BACKUP_CASES, Restore: RESTORE_CASES };

for (const [kind, cases] of Object.entries(CASES)) {
  describe(`a ${kind}`, () => {
    for (const one of cases) {
      const verb = one.problems.length === 0 ? "accepts" : "refuses";
      it(`${verb}${one.before === undefined ? "" : " the change"}: ${one.name}`, () => {
        expectProblems(validate(one.object, one.before), one.problems);
      });
    }
  });
}

function expectProblems(found: readonly Problem[], expected: SchemaCase["problems"]): void {
  const rest = [...found];
  for (const [path, message] of expected) {
    const index = rest.findIndex((p) => p.path === path && p.message.includes(message));
    expect(index, `${path}: ${message} in ${JSON.stringify(rest, null, 2)}`).to.be.at.least(0);
    rest.splice(index, 1);
  }
  expect(rest).to.deep.equal([]);
}

describe("the cases", () => {
  it("have every message of every rule", () => {
    const said = Object.values(CASES)
      .flat()
      .flatMap((one) => validate(one.object, one.before).map(({ message }) => message));
    const never = Object.values(SCHEMAS)
      .flatMap(messagesOf)
      .filter((message) => !said.includes(message));
    expect(never).to.deep.equal([]);
  });
});

function messagesOf(schema: Schema): readonly string[] {
  return [
    ...(schema["x-kubernetes-validations"] ?? []).map(({ message }) => message),
    ...Object.values(schema.properties ?? {}).flatMap(messagesOf),
    ...(schema.items === undefined ? [] : messagesOf(schema.items)),
  ];
}

describe("validate", () => {
  it("changes neither object", () => {
    const [object, before] = [aBackup(), aBackup({ timeout: "2h" })];
    const copies = structuredClone([object, before]);
    validate(object, before);
    expect([object, before]).to.deep.equal(copies);
  });

  it("asks nothing about the status, which is ours", () => {
    const object = { ...aBackup(), status: { phase: "OF_ANOTHER_RELEASE" } };
    expect(validate(object)).to.deep.equal([]);
  });

  it("describes problems in one line", () => {
    const text = describeProblems([
      { path: "spec.a", message: "is wrong" },
      { path: "", message: "so is this" },
    ]);
    expect(text).to.equal("spec.a: is wrong; so is this");
  });
});

describe("withDefaults", () => {
  it("fills in what the API server would, and leaves what is said", () => {
    const { spec } = withDefaults(aRepository({ concurrency: 5 })) as unknown as {
      readonly spec: Readonly<Record<string, unknown>>;
    };
    expect(spec).to.deep.include({
      readOnly: false,
      concurrency: 5,
      checkInterval: "1h",
      agent: { memory: "256Mi" },
      s3: { region: "eu-central-1", checksumMode: "Auto" },
    });
    expect(withDefaults(aRestore())).to.deep.include({ status: { observedGeneration: -1 } });
  });
});

describe("validateStatus", () => {
  it("accepts what reconcilers write and refuses what an API server would", () => {
    expect(validateStatus("Backup", { phase: "UPLOADING", attempt: 1 })).to.deep.equal([]);
    expectProblems(
      validateStatus("Backup", { phase: "DOWNLOADING", warnings: ["x".repeat(1025)] }),
      [
        ["phase", "PENDING"],
        ["warnings[0]", "1024"],
      ],
    );
  });
});
