// The manifest's summary as the commands that decide by it want it.
import type { SnapshotLayout } from "../../broker/layout.ts";
import type { ManifestSummary } from "../manifest.ts";
import { ManifestError, readManifest } from "../manifest.ts";
import type { CommandDeps } from "./command.ts";

/** The summary; undefined when there is none, or one that cannot be understood: it proves nothing. */
export async function readSummary(
  { storage, signal, log }: CommandDeps,
  snapshot: SnapshotLayout,
): Promise<ManifestSummary | undefined> {
  try {
    return await readManifest(storage, snapshot, { signal });
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    log.warn("the manifest cannot be read", { key: snapshot.manifest(), error: error.message });
    return undefined;
  }
}
