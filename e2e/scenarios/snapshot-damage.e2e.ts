// Every damage at every kind of place of a snapshot: a restore of it is refused or ends before COMMIT with
// words that name the file, or the damage was harmless and the content is equal. Never FINISHED with another
// content; and an old table that was to be overwritten is as it was.
//
// Snapshots: sealed ones, and StarRocks' own without a manifest; of releases that list files in `__info` and
// of those that do not; damaged before the check, and between the check and the download. What the check finds
// goes no further, as in the operator (preflight.ts). STORAGE_FAULTS, STORAGE_SEED: see storage-choice.ts.
import { AssertionError, expect } from "chai";
import { runVerify } from "../../operator/agent/commands/verify.ts";
import { makeDeps } from "../../operator/agent/commands/testing/snapshot-fixture.ts";
import { RepositoryLayout } from "../../operator/broker/layout.ts";
import { DAMAGE } from "../../operator/controllers/job/steps/follow.ts";
import { classify, classifyJobEnd } from "../../operator/starrocks/errors.ts";
import { DataPath } from "./data-path.ts";
import {
  isUnknowable,
  rowsOf,
  type Change,
  type DamageRow,
  type Files,
} from "./snapshot-damages.ts";
import { chosen } from "./storage-choice.ts";
import { storageAt } from "./storage-work.ts";

const FOLDER = "__starrocks_repository_prod";
const SNAPSHOT = `${FOLDER}/__ss_s/`;
const OWN = "__k8s_";

type When = "before the check" | "after the check";

interface Row extends DamageRow {
  readonly sealed: boolean;
  readonly when: When;
}

for (const { profile, listsFiles } of [
  { profile: "3.3.0", listsFiles: true },
  { profile: "3.5", listsFiles: false },
] as const) {
  describe(`a damaged snapshot of StarRocks ${profile}`, () => {
    let path: DataPath;
    let timestamp = "";
    let digest = "";
    let files: Files = new Map();
    let restores = 0;

    before(async () => {
      path = await DataPath.start({
        starrocks: { profile, backends: 1, backendWorkers: 2, speed: 60 },
      });
      const table = { partitions: ["p1"], tablets: 2, segmentBytes: [9_000, 9_000] };
      await path.starrocks.createDatabase({ name: "shop", tables: [{ name: "t", ...table }] });
      digest = await path.starrocks.digest("shop", "t");
      timestamp = await path.backUp("shop", "s", ["t"]);
      const keys = (await path.keys()).filter((key) => key.startsWith(SNAPSHOT));
      files = new Map(await Promise.all(keys.map(async (k) => [k, await path.read(k)] as const)));
      // What a restore overwrites is something else than the snapshot holds.
      await path.starrocks.load("shop", "t", [500]);
    });

    after(async () => {
      await path.stop();
    });

    const tables = [
      { sealed: true, when: "before the check", few: 10 },
      { sealed: false, when: "before the check", few: 2 },
      { sealed: true, when: "after the check", few: 1 },
    ] as const;
    for (const { sealed, when, few } of tables) {
      const kind = sealed ? "sealed" : "StarRocks' own";
      it(`of which the snapshot is ${kind}, damaged ${when}, is never restored`, async () => {
        const all = rowsFor(sealed, when);
        const { rows, note } = chosen(all, `${profile} ${kind} ${when}`, few);
        for (const row of rows) {
          try {
            await suffer(row);
          } catch (error) {
            const what = `${row.place} ${row.damage.name} (${note})`;
            throw new Error(`${what}: ${String(error)}\n${path.agents.at(-1)?.dump()}`, {
              cause: error,
            });
          }
        }
      });
    }

    function rowsFor(sealed: boolean, when: When): readonly Row[] {
      return rowsOf(files)
        .filter(({ place, damage }) => sealed || !(damage.needsManifest ?? place.startsWith(OWN)))
        .filter((row) => sealed || listsFiles || !isUnknowable(row))
        .map((row) => ({ ...row, sealed, when }));
    }

    async function suffer({ key, damage, sealed, when }: Row): Promise<void> {
      const native = sealed ? [] : [...files.keys()].filter((k) => k.includes(OWN));
      const change = new Map<string, Buffer | undefined>([
        ...native.map((k) => [k, undefined] as const),
        ...(damage.at(key, files) ?? []),
      ]);
      try {
        if (when === "before the check") {
          await write(change);
          const found = await check();
          if (found === undefined) return await tryRestore();
          expect(found, "names a file").to.match(/\.[0-9a-f]{32}|__\d+|__(info|meta|k8s)|readme/);
          return;
        }
        expect(await check(), "whole before").to.equal(undefined);
        await tryRestore(change);
      } finally {
        await write(new Map([...change.keys()].map((k) => [k, files.get(k)])));
      }
    }

    async function write(change: Change): Promise<void> {
      for (const [key, content] of change) await path.overwrite(key, content);
    }

    /** What the check before a Restore says; undefined: it is whole. */
    async function check(): Promise<string | undefined> {
      const deps = {
        ...makeDeps(storageAt(path.s3, "prod")),
        layout: new RepositoryLayout(FOLDER),
      };
      const outcome = await runVerify(deps, { label: "s", mode: "list", timestamp });
      expect([0, 43], outcome.message).to.include(outcome.exitCode);
      return outcome.exitCode === 0 ? undefined : outcome.message;
    }

    /** Under a new name, or over what is there, in turn. */
    async function tryRestore(later?: Change): Promise<void> {
      restores += 1;
      const old = await path.starrocks.digest("shop", "t");
      const copies = restores % 2 === 0;
      const finished = (await restore(copies ? "t AS copy" : "t", later)) === "finished";
      expect(await path.starrocks.digest("shop", "t"), "the table that was there").to.equal(
        finished && !copies ? digest : old,
      );
      if (!finished) return;
      if (!copies) return await path.starrocks.load("shop", "t", [500]);
      const copied = await path.starrocks.digest("shop", "copy");
      await path.sql("DROP TABLE shop.copy");
      expect(copied, "the copy").to.equal(digest);
    }

    async function restore(on: string, later: Change | undefined): Promise<string> {
      let told = "";
      try {
        await path.mount("restore", "s");
        if (later !== undefined) await write(later);
        await path.restore("shop", "s", on, timestamp);
        const end = await path.untilEnded("RESTORE", "shop", async (row) => {
          const error = row["TaskErrMsg"] ?? "";
          if (told !== "" || !DAMAGE.test(error)) return;
          // As the operator does: in COMMIT it would be too late.
          expect(row["State"]).to.match(/^DOWNLOAD/);
          told = error;
          await path.sql("CANCEL RESTORE FROM shop");
        });
        if (end.state === "FINISHED") return "finished";
        if (told !== "") expect(told, "names a file").to.match(/\.(dat|hdr|dcgs_snapshot)|__\w+/);
        // Of `__meta` StarRocks does not say why it cannot be read.
        else
          expect(meaningOf(end.status), end.status).to.be.oneOf([
            "SnapshotDamaged",
            "BrokerCallFailed",
          ]);
        return "ended";
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        const { reason } = classify(String(error), "backup");
        expect(reason, String(error)).to.match(/^Snapshot(Damaged|NotFound|Missing)$/);
        return "refused";
      } finally {
        await path.unmount();
        if (later !== undefined) {
          await write(new Map([...later.keys()].map((k) => [k, files.get(k)])));
        }
      }
    }
  });
}

function meaningOf(statusText: string): string {
  return classifyJobEnd({ statusCode: "", statusText }).reason;
}
