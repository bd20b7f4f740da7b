// What a person sees through kubectl, before any operator runs: names, columns, explanations, waits, applies.
import { expect } from "chai";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { API_VERSION } from "../../../operator/api/group.ts";
import { aBackup, aRepository, aRestore } from "../../../operator/api/testing/cases.ts";
import type { UncheckedObject } from "../../../operator/api/validate.ts";
import { MEDIA, type AskedApi } from "./asked.ts";

const NAMESPACE = "kubectl";

export interface WithKubectl extends AskedApi {
  /** For files. */
  readonly folder: string;
  /** As an administrator. Resolves with what it printed, rejects with what it complained about. */
  kubectl(...args: string[]): Promise<string>;
}

export function describeKubectl(api: () => WithKubectl): void {
  describe("kubectl", () => {
    const inNamespace = async (...args: string[]): Promise<string> =>
      await api().kubectl("--namespace", NAMESPACE, ...args);
    const manifest = async (name: string, object: UncheckedObject): Promise<string> => {
      const file = join(api().folder, `${name}.yaml`);
      const metadata = { ...object.metadata, namespace: NAMESPACE };
      await writeFile(file, stringify({ ...object, metadata }));
      return file;
    };
    const setStatus = async (plural: string, name: string, status: object): Promise<void> => {
      const path = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/${plural}/${name}/status`;
      const question = { method: "PATCH", contentType: MEDIA.merge, body: { status } } as const;
      const { refusal } = await api().ask(path, question);
      expect(refusal).to.equal(undefined);
    };
    /** kubectl believes no condition of an older generation, hence none before the operator has looked. */
    const isTrue = (type: string): object => ({
      observedGeneration: 1,
      conditions: [
        {
          type,
          status: "True",
          reason: "Told",
          message: "",
          lastTransitionTime: "2026-01-02T03:04:05Z",
        },
      ],
    });

    before(async () => {
      await api().makeNamespace(NAMESPACE);
      const objects = [aRepository(), aBackup(), aRestore()];
      for (const object of objects) {
        await inNamespace("apply", "-f", await manifest(object.kind, object));
      }
    });

    it("knows our kinds by their short names and their category", async () => {
      for (const [short, name] of [
        ["srrepo", "repository.backup.starrocks.io/prod"],
        ["srbackup", "backup.backup.starrocks.io/nightly"],
        ["srrestore", "restore.backup.starrocks.io/again"],
      ] as const) {
        expect((await inNamespace("get", short, "-o", "name")).trim()).to.equal(name);
      }
      const all = await inNamespace("get", "starrocks", "-o", "name");
      expect(all.trim().split("\n")).to.have.lengthOf(3);
    });

    it("shows what one looks for first", async () => {
      await setStatus("backups", "nightly", {
        phase: "UPLOADING",
        reason: "Working",
        progress: { percent: 42, transferred: "1.5 GiB of 3 GiB" },
      });
      const text = await inNamespace("get", "srbackup");
      const [header = "", line = ""] = text.split("\n");
      for (const column of ["PHASE", "DATABASE", "PROGRESS", "TRANSFERRED", "REASON", "AGE"]) {
        expect(header).to.contain(column);
      }
      expect(line).to.match(/nightly +UPLOADING +shop +42 +1.5 GiB of 3 GiB +Working/);
      expect(await inNamespace("get", "srbackup", "-o", "wide")).to.contain("MESSAGE");
    });

    it("explains each field with the words of the CRD", async () => {
      const text = await api().kubectl(
        "explain",
        "backups.backup.starrocks.io.spec.deletionPolicy",
      );
      expect(text).to.match(/enum:.*Retain|Retain/s);
      const top = await api().kubectl("explain", "srrepo.spec");
      for (const field of ["location", "cluster", "credentialsSecret", "concurrency"]) {
        expect(top).to.contain(field);
      }
    });

    it("waits for conditions and for phases", async () => {
      const waits = [
        inNamespace("wait", "--for=condition=Ready", "srrepo/prod", "--timeout=60s"),
        inNamespace("wait", "--for=condition=Succeeded", "srbackup/nightly", "--timeout=60s"),
        inNamespace(
          "wait",
          "--for=jsonpath={.status.phase}=FINISHED",
          "srrestore/again",
          "--timeout=60s",
        ),
      ];
      await setStatus("repositories", "prod", isTrue("Ready"));
      await setStatus("backups", "nightly", isTrue("Succeeded"));
      await setStatus("restores", "again", { phase: "FINISHED" });
      for (const text of await Promise.all(waits)) expect(text).to.contain("condition met");
    });

    it("finds nothing to change in what it applied, whatever the status says", async () => {
      for (const object of [aRepository(), aBackup(), aRestore()]) {
        const file = await manifest(object.kind, object);
        expect(await inNamespace("apply", "-f", file)).to.contain("unchanged");
        // It ends with 1 where there is a difference.
        expect(await inNamespace("diff", "-f", file)).to.equal("");
      }
    });

    it("says our message when a rule refuses", async () => {
      const file = await manifest("changed", aRepository({ location: "s3://backups/elsewhere" }));
      let said = "";
      await inNamespace("apply", "-f", file).catch((error: unknown) => (said = String(error)));
      expect(said)
        .to.contain("is invalid")
        .and.to.match(/location/);
    });
  });
}
