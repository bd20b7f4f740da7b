// Tries out everything that agents do with a repository, under a folder of its own, and cleans up. A
// failed step names the right or the setting that is missing, in the store's own terms.
//
// It also makes the real `__repo_info` when there is none (never over another, never when read-only) and
// says which of the two folders a repository of this name has: 2.5.0 and older know `__palo_repository_`
// alone, later releases take it where it exists (#16245).
import { randomUUID } from "node:crypto";
import type { StagingLayout } from "../../broker/layout.ts";
import { OWN_PREFIX, RepositoryLayout, repositoryFolders } from "../../broker/layout.ts";
import { TransientError, describeError } from "../../errors.ts";
import type { StorageErrorKind, StorageReason } from "../../storage/errors.ts";
import { isStorageError } from "../../storage/errors.ts";
import type { Outcome } from "../outcome.ts";
import { readIfThere, readObject } from "../read-object.ts";
import type { CommandDeps } from "./command.ts";
import { runCommand, succeeded } from "./command.ts";
import { deleteAll } from "./delete-all.ts";
import { outcomeOf } from "./outcome-of.ts";
import { abortUploads, tidyStagings } from "./staging-sweep.ts";

export interface ProbeOptions {
  /** The name in StarRocks, without the folder's prefix. */
  readonly repositoryName: string;
  readonly readOnly: boolean;
}

interface ProbeJob {
  readonly layout: RepositoryLayout;
  /** `<folder>/__k8s_staging/probe-<begun, ms since 1970>-<random id>`: nobody else writes there. */
  readonly place: StagingLayout;
}

interface Step {
  readonly name: string;
  readonly run: (deps: CommandDeps, job: ProbeJob) => Promise<void>;
}

const TEXT = Buffer.from("written by a probe of the StarRocks backup operator; may be deleted\n");

const READING: readonly Step[] = [{ name: "list", run: listSnapshots }];

const WRITING: readonly Step[] = [
  { name: "write", run: write },
  { name: "stat", run: statWritten },
  { name: "list written", run: listWritten },
  { name: "ranged read", run: readRange },
  { name: "multipart upload", run: uploadParts },
  { name: "abort of a multipart upload", run: abortParts },
  { name: "rename", run: rename },
  { name: "delete", run: deleteWritten },
];

/** ok, misconfigured (42), or failed (1); `detail.step` names the step that failed. */
export function runProbe(deps: CommandDeps, options: ProbeOptions): Promise<Outcome> {
  return runCommand(deps, async () => {
    let step = "list";
    try {
      const found = await foldersOf(deps, options.repositoryName);
      const layout = new RepositoryLayout(found.at(-1) ?? deps.layout.folder);
      const job: ProbeJob = { layout, place: layout.staging(probeFolder(deps.clock.now())) };
      const enter = (name: string) => {
        step = name;
      };
      for (const { name, run } of READING) {
        enter(name);
        await run(deps, job);
      }
      if (!options.readOnly) await tryWriting(deps, job, enter);
      enter("repository info");
      const repoInfo = await repositoryInfo(deps, layout, options);
      return report(deps, options, { layout, found, repoInfo });
    } catch (error) {
      return failedAt(step, error, deps);
    }
  });
}

interface Found {
  readonly layout: RepositoryLayout;
  readonly found: readonly string[];
  readonly repoInfo: RepositoryInfo;
}

function report(
  { storage, log }: CommandDeps,
  { readOnly }: ProbeOptions,
  { layout, found, repoInfo }: Found,
): Outcome {
  const { folder } = layout;
  const detail = { folder, folders: found, readOnly, ...repoInfo };
  log.info("probed", detail);
  const able = readOnly ? "can be read" : "can be read and written";
  const both =
    found.length > 1
      ? `; both folders ${found.join(" and ")} exist: StarRocks takes ${folder}, and does not see what is in the other`
      : "";
  return succeeded("Probed", `${storage.location} ${able}${both}`, detail);
}

function failedAt(step: string, error: unknown, deps: CommandDeps): Outcome {
  const { location } = deps.storage;
  const outcome = outcomeOf(error, { location, signal: deps.signal });
  const meansReading = NO_WRITES.has(outcome.reason) && WRITING.some(({ name }) => name === step);
  return {
    ...outcome,
    message: `the step ${JSON.stringify(step)} failed: ${outcome.message}${meansReading ? OR_READ_ONLY : ""}`,
    detail: { step },
  };
}

/** What a place that is only read from says to writing: perhaps that is meant, and the Repository does not say so. */
const NO_WRITES: ReadonlySet<string> = new Set<StorageReason>(["AccessDenied", "StoreReadOnly"]);
const OR_READ_ONLY = "; if Restores alone shall use it, set readOnly: true";

/** Folders of this name that hold anything but our own leftovers; the one that StarRocks takes last. */
async function foldersOf(deps: CommandDeps, repositoryName: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of repositoryFolders(repositoryName)) {
    if (await holdsAnything(deps, folder)) found.push(folder);
  }
  return found;
}

async function holdsAnything({ storage, signal }: CommandDeps, folder: string): Promise<boolean> {
  for await (const row of storage.list(`${folder}/`, { folded: true, signal })) {
    const key = row.kind === "object" ? row.key : row.prefix;
    if (!key.slice(folder.length + 1).startsWith(OWN_PREFIX)) return true;
  }
  return false;
}

async function tryWriting(
  deps: CommandDeps,
  job: ProbeJob,
  enter: (step: string) => void,
): Promise<void> {
  try {
    for (const { name, run } of WRITING) {
      enter(name);
      await run(deps, job);
    }
  } finally {
    await cleanUp(deps, job);
  }
}

// Also after a stop: the clean-up has its own patience. A failure here is only told, since the step
// that failed before says more; after a good run there is nothing left to clean up.
async function cleanUp(deps: CommandDeps, { place, layout }: ProbeJob): Promise<void> {
  const signal = AbortSignal.timeout(CLEAN_UP_MS);
  const prefix = `${place.root}/`;
  const work = [
    () => abortUploads({ ...deps, signal }, prefix),
    () => deleteAll({ ...deps, signal }, prefix),
    () => sweepDeadProbes({ ...deps, signal }, layout),
    () => tidyStagings({ ...deps, layout, signal }),
  ];
  for (const clean of work) {
    try {
      await clean();
    } catch (error) {
      deps.log.warn("could not clean up after the probe", { prefix, error: describeError(error) });
    }
  }
}

const CLEAN_UP_MS = 15_000;
/** No probe runs for so long. */
const PROBE_MAX_MS = 3_600_000;
const PROBE = "probe-";

function probeFolder(nowMs: number): string {
  return `${PROBE}${nowMs}-${randomUUID()}`;
}

/** What probes left that were killed, or could not clean up: nobody else would ever remove it. */
async function sweepDeadProbes(deps: CommandDeps, layout: RepositoryLayout): Promise<void> {
  const { storage, signal } = deps;
  const probes = `${layout.stagings()}${PROBE}`;
  const isLong = (begunMs: number) => deps.clock.now() - begunMs > PROBE_MAX_MS;
  const isDead = (key: string) =>
    isLong(Number(/^\d+(?=-)/.exec(key.slice(probes.length))?.[0] ?? 0));
  for await (const upload of storage.listUploads(probes, { signal })) {
    if (isDead(upload.key)) await storage.abortUpload(upload, { signal });
  }
  for await (const row of storage.list(probes, { folded: true, signal })) {
    if (row.kind === "prefix" && isDead(row.prefix)) await deleteAll(deps, row.prefix);
  }
  // On HDFS every object is begun as a file of another name, this one outside of a probe's own folder.
  for await (const upload of storage.listUploads(layout.repoInfo(), { signal })) {
    if (isLong(upload.initiatedMs)) await storage.abortUpload(upload, { signal });
  }
}

async function listSnapshots({ storage, signal }: CommandDeps, job: ProbeJob): Promise<void> {
  const { layout } = job;
  for await (const _row of storage.list(layout.snapshots(), { folded: true, signal })) return;
}

async function write({ storage, signal }: CommandDeps, { place }: ProbeJob): Promise<void> {
  await storage.put(place.data("written"), TEXT, { signal, temporary: true });
}

async function statWritten({ storage, signal }: CommandDeps, { place }: ProbeJob): Promise<void> {
  const info = await storage.stat(place.data("written"), { signal });
  expectThat(info?.size === TEXT.length, "the written object is not found again");
}

async function listWritten({ storage, signal }: CommandDeps, { place }: ProbeJob): Promise<void> {
  const keys: string[] = [];
  for await (const row of storage.list(`${place.root}/`, { signal })) {
    if (row.kind === "object") keys.push(row.key);
  }
  expectThat(keys.includes(place.data("written")), "the written object is not listed");
}

async function readRange({ storage, signal }: CommandDeps, { place }: ProbeJob): Promise<void> {
  const range = { start: 11, length: 5, signal };
  const content = await readObject(storage, place.data("written"), range);
  expectThat(
    content.equals(TEXT.subarray(11, 16)),
    "a part of the written object was read with other content",
  );
}

async function uploadParts({ storage, signal }: CommandDeps, { place }: ProbeJob): Promise<void> {
  // Where small parts are taken, two: in HDFS the second one is another operation (APPEND).
  const parts = storage.capabilities.partBytesMin <= TEXT.length ? [TEXT, TEXT] : [TEXT];
  const upload = await storage.upload(place.data("uploaded"), { signal, temporary: true });
  for (const part of parts) await upload.part(part, { signal });
  const { size } = await upload.complete({ signal });
  expectThat(size === parts.length * TEXT.length, "the uploaded object has another size");
}

async function abortParts({ storage, signal }: CommandDeps, { place }: ProbeJob): Promise<void> {
  const key = place.data("aborted");
  const upload = await storage.upload(key, { signal, temporary: true });
  await upload.part(TEXT, { signal });
  await upload.abort({ signal });
  const info = await storage.stat(key, { signal });
  expectThat(info === undefined, "an aborted upload became an object");
  // What a sweep needs to find uploads of dead agents, which cost as objects do.
  for await (const open of storage.listUploads(`${place.root}/`, { signal })) {
    expectThat(open.key !== key, "an aborted upload is still open");
  }
}

async function rename({ storage, signal }: CommandDeps, { place }: ProbeJob): Promise<void> {
  await storage.move(place.data("uploaded"), place.data("renamed"), { signal });
  const old = await storage.stat(place.data("uploaded"), { signal });
  expectThat(old === undefined, "a renamed object is still there under its old name");
}

async function deleteWritten({ storage, signal }: CommandDeps, job: ProbeJob): Promise<void> {
  const { place } = job;
  await storage.deleteMany([place.data("written"), place.data("renamed")], { signal });
  for await (const row of storage.list(`${place.root}/`, { signal })) {
    expectThat(row.kind !== "object", "a deleted object is still listed");
  }
}

// A store that answers wrongly is not known to be misconfigured: tried again, and shown.
function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new TransientError("StoreMisbehaves", otherwise);
}

interface RepositoryInfo {
  /** Whether `__repo_info` is there now. */
  readonly repoInfo: "present" | "created" | "absent";
  /** The name in it. On a cluster without this operator it wins over the one in CREATE REPOSITORY. */
  readonly storedName?: string;
}

async function repositoryInfo(
  { storage, clock, signal, log }: CommandDeps,
  layout: RepositoryLayout,
  { repositoryName, readOnly }: ProbeOptions,
): Promise<RepositoryInfo> {
  const content = await readIfThere(storage, layout.repoInfo(), { signal });
  if (content !== undefined) {
    const storedName = nameIn(content.toString("utf8"));
    if (storedName !== repositoryName) {
      log.warn("__repo_info carries another name", { storedName, repositoryName });
    }
    return { repoInfo: "present", ...(storedName !== undefined && { storedName }) };
  }
  if (readOnly) return { repoInfo: "absent" };
  const body = { name: repositoryName, create_time: beijingTime(clock.now()) };
  try {
    const options = { ifAbsent: true, signal };
    await storage.put(layout.repoInfo(), Buffer.from(JSON.stringify(body)), options);
  } catch (error) {
    const kind: StorageErrorKind | undefined = isStorageError(error) ? error.kind : undefined;
    if (kind !== "alreadyExists") throw error;
    return { repoInfo: "present" };
  }
  return { repoInfo: "created", storedName: repositoryName };
}

function nameIn(content: string): string | undefined {
  try {
    const value = JSON.parse(content) as { name?: unknown } | null;
    return typeof value?.name === "string" ? value.name : undefined;
  } catch {
    return undefined;
  }
}

/** `yyyy-MM-dd HH:mm:ss`, at +08:00: so the FE parses it, whatever zone it shows (Repository.initRepository). */
function beijingTime(nowMs: number): string {
  const shifted = new Date(nowMs + 8 * 3_600_000).toISOString();
  return shifted.slice(0, 19).replace("T", " ");
}

export const PROBE_STEPS: readonly string[] = [...READING, ...WRITING].map(({ name }) => name);
