// The md5 of a stored object, read as a stream. A read that breaks off in the middle is begun again a
// few times: in a verify of terabytes one of them will.
import { createHash } from "node:crypto";
import { isPermanent } from "../../storage/errors.ts";
import type { ObjectInfo } from "../../storage/storage.ts";
import type { CommandDeps } from "./command.ts";

const TRIES = 4;
const PAUSE_MS = 1000;

/**
 * Exactly the object of the listing: one that was replaced since fails with kind `changed`. Another md5
 * than `wanted` is told only after a second look: bits flip on their way, too.
 */
export async function md5Of(
  deps: CommandDeps,
  object: ObjectInfo,
  wanted: string,
): Promise<string> {
  const md5 = await md5OfRead(deps, object);
  return md5 === wanted ? md5 : md5OfRead(deps, object);
}

async function md5OfRead(deps: CommandDeps, object: ObjectInfo): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readMd5(deps, object);
    } catch (error) {
      if (attempt === TRIES || deps.signal.aborted || isPermanent(error)) throw error;
      await deps.clock.sleep(PAUSE_MS * attempt, deps.signal);
    }
  }
}

async function readMd5({ storage, signal }: CommandDeps, object: ObjectInfo): Promise<string> {
  const hash = createHash("md5");
  const reader = await storage.read(object.key, { signal, etag: object.etag });
  try {
    for await (const chunk of reader.body) hash.update(chunk);
  } finally {
    reader.destroy();
  }
  return hash.digest("hex");
}
