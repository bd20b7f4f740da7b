// Work that was answered before it was done: a large file whose rename was acknowledged while its
// Complete or its copy still ran. The note (the intent) is durable before the answer, so that anyone
// can finish it: the agent itself, its successor, another agent of the attempt, or the seal.
//
// Finishing is idempotent and may run twice at once: the copy has one content for one name, and
// whoever comes second finds the target there.
import type { Log } from "../log.ts";
import { describeError } from "../errors.ts";
import { isNotFound } from "../storage/errors.ts";
import type { CallOptions, Storage, UploadState } from "../storage/storage.ts";
import { StorageError } from "../storage/errors.ts";
import type { StagingLayout } from "./layout.ts";

export interface Intent {
  readonly version: 1;
  readonly id: string;
  /** The staged object. */
  readonly from: string;
  /** Its final key; the name carries the md5. */
  readonly to: string;
  /** Bytes. */
  readonly size: number;
  /** Set when the staged object was not completed yet: all its parts are durable. */
  readonly upload?: UploadState;
}

/** Writes the note. Durable when it resolves; only then may the rename be acknowledged. */
export async function recordIntent(
  storage: Storage,
  staging: StagingLayout,
  intent: Intent,
): Promise<void> {
  const note = Buffer.from(JSON.stringify(intent));
  await storage.put(staging.intent(intent.id), note, { temporary: true });
}

/** Ids of the open intents of an attempt. */
export async function* listIntents(
  storage: Storage,
  staging: StagingLayout,
  options: CallOptions = {},
): AsyncIterable<string> {
  for await (const entry of storage.list(staging.intents(), options)) {
    if (entry.kind === "object" && entry.key.endsWith(".json")) {
      yield entry.key.slice(staging.intents().length, -".json".length);
    }
  }
}

/** The note, or undefined when somebody finished it meanwhile. */
export async function readIntent(
  storage: Storage,
  staging: StagingLayout,
  id: string,
  options: CallOptions = {},
): Promise<Intent | undefined> {
  try {
    const reader = await storage.read(staging.intent(id), options);
    const chunks: Buffer[] = [];
    for await (const chunk of reader.body) chunks.push(chunk);
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as Intent;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Finishes one intent: completes the staged object if need be, moves it to its final key, takes the
 * note away. Throws when the bytes are in neither place, which means that they are lost.
 */
export async function finishIntent(
  storage: Storage,
  staging: StagingLayout,
  intent: Intent,
  options: CallOptions = {},
): Promise<void> {
  const { from, to, size } = intent;
  try {
    if (intent.upload !== undefined) await completeOnce(storage, intent.upload, options);
    await storage.move(from, to, { ...options, size });
  } catch (error) {
    throw isNotFound(error) ? lost(intent, error) : error;
  }
  await storage.delete(staging.intent(intent.id), options);
}

/** Finishes all open intents of an attempt, one after the other. Returns how many were open. */
export async function finishIntents(
  storage: Storage,
  staging: StagingLayout,
  log: Log,
  options: CallOptions & { readonly skip?: (id: string) => boolean } = {},
): Promise<number> {
  let open = 0;
  for await (const id of listIntents(storage, staging, options)) {
    if (options.skip?.(id) === true) continue;
    open += 1;
    const intent = await readIntent(storage, staging, id, { signal: options.signal });
    if (intent === undefined) continue;
    log.info("finishing an intent that another agent left", { intent: id, to: intent.to });
    await finishIntent(storage, staging, intent, options);
  }
  return open;
}

async function completeOnce(
  storage: Storage,
  upload: UploadState,
  options: CallOptions,
): Promise<void> {
  try {
    await storage.resumeUpload(upload).complete(options);
  } catch (error) {
    // Completed by another one already: then the object is there, or has been moved on.
    if (!isNotFound(error)) throw error;
  }
}

function lost(intent: Intent, cause: unknown): StorageError {
  return new StorageError(
    "notFound",
    `the staged bytes of ${intent.to} are gone and the file is not there: ${describeError(cause)}`,
    { operation: "finishIntent", key: intent.from },
    { cause },
  );
}
