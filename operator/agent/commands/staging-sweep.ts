// Removes an attempt's staging: uploads first, then objects, the note last, so that a sweep that was
// interrupted still knows whose it is. Safe to repeat. The caller has made sure that it is ours.
import type { StagingLayout } from "../../broker/layout.ts";
import type { CommandDeps } from "./command.ts";
import { deleteAll } from "./delete-all.ts";

export interface Swept {
  readonly uploads: number;
  readonly objects: number;
  readonly bytes: number;
}

export async function sweepStaging(deps: CommandDeps, staging: StagingLayout): Promise<Swept> {
  const { storage, signal } = deps;
  const uploads = await abortUploads(deps, `${staging.root}/`);
  const { objects, bytes } = await deleteAll(deps, `${staging.root}/`, {
    keep: (key) => key === staging.note(),
  });
  await storage.delete(staging.note(), { signal });
  return { uploads, objects, bytes };
}

/**
 * Removes empty folders of all attempts, also of ended ones whose last sweep died: no listing tells of those, and
 * nobody else would. Attempts that run make theirs anew.
 */
export async function tidyStagings({
  storage,
  layout,
  signal,
}: Pick<CommandDeps, "storage" | "layout" | "signal">): Promise<void> {
  await storage.removeEmptyFolders(layout.stagings(), { signal });
}

/** Aborts every unfinished upload under a prefix. */
export async function abortUploads(
  { storage, signal }: Pick<CommandDeps, "storage" | "signal">,
  prefix: string,
): Promise<number> {
  let aborted = 0;
  for await (const upload of storage.listUploads(prefix, { signal })) {
    await storage.abortUpload(upload, { signal });
    aborted += 1;
  }
  return aborted;
}
