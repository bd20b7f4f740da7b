// The two files that make a set of tablets a snapshot: `__info_<timestamp>.<md5>` and `__meta.<md5>`.
// RESTORE wants exactly one of each (Repository.getSnapshotInfoFile, getSnapshotMetaFile) and checks
// their md5 against their names; so do seal and verify, before they look at anything else.
import type { SnapshotLayout } from "../../broker/layout.ts";
import { splitChecksum } from "../../broker/layout.ts";
import type { ObjectInfo } from "../../storage/storage.ts";
import type { SnapshotInfo } from "../snapshot-info.ts";
import { SnapshotInfoError, parseInfoName, readSnapshotInfo } from "../snapshot-info.ts";
import type { CommandDeps } from "./command.ts";
import type { DamageReport } from "./damage.ts";
import { md5Of } from "./hash-object.ts";

export interface InfoFile extends ObjectInfo {
  readonly timestamp: string;
  readonly md5: string;
}

export interface MetaFile extends ObjectInfo {
  readonly md5: string;
}

/** What a snapshot has of each; of a whole one, exactly one. */
export interface SnapshotHead {
  readonly infos: readonly InfoFile[];
  readonly metas: readonly MetaFile[];
}

/** Two short listings. Names without a good md5 are left out: a full listing reports them. */
export async function listHead(deps: CommandDeps, snapshot: SnapshotLayout): Promise<SnapshotHead> {
  const infos: InfoFile[] = [];
  const metas: MetaFile[] = [];
  for await (const object of objectsUnder(deps, snapshot.infos())) {
    const name = parseInfoName(snapshot.below(object.key));
    if (name !== undefined) infos.push({ ...object, ...name });
  }
  for await (const object of objectsUnder(deps, snapshot.metas())) {
    const split = splitChecksum(snapshot.below(object.key));
    if (split?.name === "__meta") metas.push({ ...object, md5: split.md5 });
  }
  return { infos, metas };
}

export interface HeadOptions {
  readonly snapshot: SnapshotLayout;
  readonly damage: DamageReport;
  /** The only one that will do; absent: any. */
  readonly timestamp?: string | undefined;
}

/** The head of a snapshot whose `__info` and `__meta` are whole. */
export interface WholeHead {
  readonly infoFile: InfoFile;
  readonly metaFile: MetaFile;
  readonly info: SnapshotInfo;
}

/** Checks the head; undefined after damage was reported. */
export async function requireHead(
  deps: CommandDeps,
  options: HeadOptions,
): Promise<WholeHead | undefined> {
  const { snapshot, damage } = options;
  const { infos, metas } = await listHead(deps, snapshot);
  const infoFile = onlyInfo(infos, options);
  const metaFile = onlyMeta(metas, options);
  if (infoFile === undefined || metaFile === undefined) return undefined;
  const info = await readInfo(deps, infoFile, options);
  if ((await md5Of(deps, metaFile, metaFile.md5)) !== metaFile.md5) {
    damage.add({ kind: "badMeta", path: snapshot.below(metaFile.key) });
    return undefined;
  }
  return info === undefined ? undefined : { infoFile, metaFile, info };
}

/** Reads an `__info` again for the names in its lists. */
export async function readInfoFiles(
  { storage, signal }: CommandDeps,
  file: InfoFile,
  onFile: (tablet: number, name: string) => void,
): Promise<void> {
  const reader = await storage.read(file.key, { signal, etag: file.etag });
  try {
    await readSnapshotInfo(reader.body, file.md5, { onFile });
  } finally {
    reader.destroy();
  }
}

function onlyInfo(infos: readonly InfoFile[], options: HeadOptions): InfoFile | undefined {
  const { damage, timestamp, snapshot } = options;
  const [first] = infos;
  const wanted = timestamp === undefined ? "__info" : `__info_${timestamp}`;
  if (first === undefined) {
    damage.add({ kind: "noInfo", path: wanted, note: "there is no __info" });
  } else if (infos.length > 1) {
    for (const info of infos) damage.add({ kind: "severalInfos", path: snapshot.below(info.key) });
  } else if (timestamp !== undefined && first.timestamp !== timestamp) {
    damage.add({ kind: "noInfo", path: wanted, note: `only ${first.timestamp} is there` });
  } else {
    return first;
  }
  return undefined;
}

function onlyMeta(metas: readonly MetaFile[], options: HeadOptions): MetaFile | undefined {
  const { damage, snapshot } = options;
  if (metas.length === 1) return metas[0];
  if (metas.length === 0) {
    damage.add({ kind: "noMeta", path: "__meta", note: "there is no __meta" });
  }
  for (const meta of metas) damage.add({ kind: "severalMetas", path: snapshot.below(meta.key) });
  return undefined;
}

async function readInfo(
  deps: CommandDeps,
  file: InfoFile,
  { damage, snapshot }: HeadOptions,
): Promise<SnapshotInfo | undefined> {
  const first = await tryInfo(deps, file);
  // Sealing deletes `__info` on what is reported here, and bits flip on their way, too.
  const info = first instanceof SnapshotInfoError ? await tryInfo(deps, file) : first;
  if (!(info instanceof SnapshotInfoError)) return info;
  damage.add({ kind: "badInfo", path: snapshot.below(file.key), note: info.message });
  return undefined;
}

async function tryInfo(
  { storage, signal }: CommandDeps,
  file: InfoFile,
): Promise<SnapshotInfo | SnapshotInfoError> {
  const reader = await storage.read(file.key, { signal, etag: file.etag });
  try {
    return await readSnapshotInfo(reader.body, file.md5);
  } catch (error) {
    if (error instanceof SnapshotInfoError) return error;
    throw error;
  } finally {
    reader.destroy();
  }
}

async function* objectsUnder(
  { storage, signal }: CommandDeps,
  prefix: string,
): AsyncGenerator<ObjectInfo> {
  for await (const entry of storage.list(prefix, { signal })) {
    if (entry.kind === "object") yield entry;
  }
}
