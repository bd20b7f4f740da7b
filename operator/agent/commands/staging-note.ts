// The note that a serving agent writes when its attempt starts: whose attempt and whose label it is.
// Until a snapshot is sealed, this is the only evidence that it is ours; so it is deleted last.
import type { StagingLayout } from "../../broker/layout.ts";
import type { CallOptions, Storage } from "../../storage/storage.ts";
import { ManifestError, parseObject } from "../manifest.ts";
import { parseIfThere } from "../read-object.ts";

export interface StagingNote {
  readonly version: 1;
  readonly backupUid: string;
  readonly label: string;
  readonly attempt: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** The note; undefined when there is none, or none that names an owner (then nothing is proven). */
export async function readStagingNote(
  storage: Storage,
  staging: StagingLayout,
  options: CallOptions = {},
): Promise<StagingNote | undefined> {
  try {
    return await parseIfThere({ storage, key: staging.note(), options }, parseNote);
  } catch (error) {
    if (error instanceof ManifestError) return undefined;
    throw error;
  }
}

/** Writes the note. It must stand before anything else of the attempt does. */
export async function writeStagingNote(
  storage: Storage,
  staging: StagingLayout,
  note: StagingNote,
  options: CallOptions = {},
): Promise<void> {
  const body = Buffer.from(`${JSON.stringify(note)}\n`);
  await storage.put(staging.note(), body, { ...options, temporary: true });
}

function parseNote(content: string): StagingNote {
  const { version, backupUid, label, attempt, createdAt } = parseObject(content);
  if (version !== 1 || typeof backupUid !== "string" || typeof label !== "string") {
    throw new ManifestError("the staging note names no owner");
  }
  return {
    version,
    backupUid,
    label,
    attempt: String(attempt),
    createdAt: String(createdAt),
  };
}
