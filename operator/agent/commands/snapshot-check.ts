// One pass over everything in a snapshot's folder, compared with its `__info`: what seal does before it
// writes a manifest, and verify where there is none.
import type { SnapshotLayout } from "../../broker/layout.ts";
import { OWN_PREFIX } from "../../broker/layout.ts";
import type { ObjectInfo } from "../../storage/storage.ts";
import type { CommandDeps } from "./command.ts";
import { ContentCheck } from "./content-check.ts";
import type { DamageReport } from "./damage.ts";
import type { WholeHead } from "./snapshot-head.ts";
import { readInfoFiles } from "./snapshot-head.ts";
import { Tally } from "./tally.ts";

export interface SnapshotCheckOptions {
  readonly snapshot: SnapshotLayout;
  readonly head: WholeHead;
  readonly damage: DamageReport;
  /** Called for every file that is not ours, in listing order, damaged or not. */
  readonly onFile: (object: ObjectInfo, path: string) => Promise<void> | undefined;
}

export interface SnapshotCounts {
  readonly files: number;
  readonly bytes: number;
  /** Tablets whose files nothing lists. */
  readonly unlisted: number;
}

/** Reports damage. */
export async function checkSnapshot(
  deps: CommandDeps,
  { snapshot, head, damage, onFile }: SnapshotCheckOptions,
): Promise<SnapshotCounts> {
  const content = new ContentCheck(deps, {
    snapshot,
    info: head.info,
    damage,
    readFiles: (onName) => readInfoFiles(deps, head.infoFile, onName),
  });
  const known = new Set([head.infoFile.key, head.metaFile.key]);
  const tally = new Tally(deps, "checked files");
  for await (const object of listSnapshot(deps, snapshot)) {
    const path = snapshot.below(object.key);
    tally.add(object.size);
    const seen = onFile(object, path);
    if (seen !== undefined) await seen;
    if (object.key.startsWith(snapshot.content())) {
      const closing = content.add(object);
      if (closing !== undefined) await closing;
    } else if (!known.has(object.key)) {
      damage.add({ kind: path.endsWith(".part") ? "leftover" : "unexpected", path });
    }
  }
  await content.finish();
  return { files: tally.files, bytes: tally.bytes, unlisted: content.unlisted };
}

/** Everything in the snapshot's folder but our own files, in listing order. */
export async function* listSnapshot(
  { storage, signal }: Pick<CommandDeps, "storage" | "signal">,
  snapshot: SnapshotLayout,
): AsyncGenerator<ObjectInfo> {
  for await (const entry of storage.list(`${snapshot.root}/`, { signal })) {
    if (entry.kind === "object" && !snapshot.below(entry.key).startsWith(OWN_PREFIX)) yield entry;
  }
}
