// No reason without a line that says what it means and what to do, and no such line for a reason that is gone.
import { expect } from "chai";
import { fileURLToPath } from "node:url";
import { STORAGE_REASONS } from "../../operator/storage/errors.ts";
import { membersOf, namedOn, thrownIn, wordsIn } from "./reasons.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const CONTROLLERS = "operator/controllers";
const BACKUP = "docs/spec/backup.md";
const RESTORE = "docs/spec/restore.md";
const REPOSITORY = "docs/spec/repository.md";
const AGENT = "docs/agent.md";
const OPERATOR = "docs/operator.md";
const PAGES = [BACKUP, RESTORE, REPOSITORY, AGENT, OPERATOR];

interface Part {
  readonly what: string;
  readonly paths: readonly string[];
  /** One of them names it; events and what only a log tells are on the operator's page. */
  readonly pages: readonly string[];
  /** Written like a reason, and none. */
  readonly others: string;
}

const PARTS: readonly Part[] = [
  {
    what: "Backups",
    paths: [`${CONTROLLERS}/backup`],
    pages: [BACKUP],
    others: "Backup",
  },
  {
    what: "Restores",
    paths: [`${CONTROLLERS}/restore`],
    pages: [RESTORE, BACKUP],
    others: "Restore Overwrite",
  },
  {
    what: "both kinds of jobs",
    paths: [`${CONTROLLERS}/job`],
    pages: [BACKUP, RESTORE, OPERATOR],
    others:
      "Backup Restore Delete Background NotFound Normal Warning True False Unknown Ready " +
      "Error Failed Pending Serving ClusterIP KiB MiB GiB TiB PiB",
  },
  {
    what: "Repositories",
    paths: [`${CONTROLLERS}/repository`],
    pages: [REPOSITORY, OPERATOR],
    others:
      "Backup Repository Secret ConfigMap ClusterIP Background Invalid Normal Warning True False Succeeded " +
      "StorageReady StarRocksReady CatalogReady",
  },
  {
    what: "the agent",
    paths: ["operator/agent"],
    pages: [AGENT],
    others: "SnapshotInfoError ManifestError",
  },
];

/** Made of two parts: `${REASONS[task]}Failed` in steps/finish.ts. */
const COMPOSED = ["SealingFailed", "PruningFailed"];

function allNamed(pages: readonly string[]): ReadonlySet<string> {
  return new Set(pages.flatMap((page) => [...namedOn(root, page)]));
}

function missing(words: Iterable<string>, pages: readonly string[]): readonly string[] {
  const named = allNamed(pages);
  return [...words].filter((word) => !named.has(word)).sort();
}

describe("the reasons on the pages", () => {
  for (const { what, paths, pages, others } of PARTS) {
    it(`are all that ${what} can have`, () => {
      const words = new Set(paths.flatMap((path) => [...wordsIn(root, path)]));
      const known = others.split(" ");
      expect(
        known.filter((word) => !words.has(word)),
        "is no longer in the code",
      ).to.deep.equal([]);
      const reasons = [...words].filter((word) => !known.includes(word));
      expect(missing(reasons, pages), `is on none of ${pages.join(", ")}`).to.deep.equal([]);
    });
  }

  it("are all with which StarRocks refuses or ends a job", () => {
    const refusals = membersOf(root, "operator/starrocks/frontend.ts", "FrontendReason");
    const ends = membersOf(root, "operator/starrocks/job-ends.ts", "JobEndReason");
    expect(missing([...refusals, ...ends], [BACKUP, RESTORE])).to.deep.equal([]);
  });

  it("are all that the operator and the storage throw", () => {
    const thrown = ["operator/runtime", "operator/storage", CONTROLLERS, "operator/main.ts"];
    const reasons = thrown.flatMap((path) => [...thrownIn(root, path)]);
    expect(reasons).to.include("NotLeader");
    expect(missing(reasons, [OPERATOR, AGENT])).to.deep.equal([]);
  });

  it("are all that a storage can have, of its agents and of its Repository", () => {
    expect(missing(STORAGE_REASONS, [AGENT])).to.deep.equal([]);
    expect(missing(STORAGE_REASONS, [REPOSITORY])).to.deep.equal([]);
  });

  it("are none that the code no longer has", () => {
    const words = new Set([...wordsIn(root, "operator"), ...COMPOSED]);
    expect([...allNamed(PAGES)].filter((reason) => !words.has(reason))).to.deep.equal([]);
  });
});
