// listPath and checkPathExist: what StarRocks sees of the repository.
//
// It sees folders (the FE finds snapshots only as folders, Repository.listSnapshots), never a `.part`,
// never what is ours, and nothing at all as OK with an empty list (FILE_NOT_FOUND is an error to the FE,
// an unset list a NullPointerException). `__repo_info` is answered from memory, with the name that was
// asked for: the FE registers whatever name it reads there.
import type { Clock } from "../clock.ts";
import type { ObjectInfo, Storage } from "../storage/storage.ts";
import { BrokerError } from "./broker-error.ts";
import type { RepositoryLayout } from "./layout.ts";
import {
  isHidden,
  isTabletManifest,
  keyOf,
  PART_SUFFIX,
  prefixOf,
  type AskedPath,
  type Mount,
  type Place,
} from "./place.ts";
import { BROKER_STATUS, type FileStatus } from "./protocol.ts";
import type { SealedFolders } from "./sealed-folders.ts";

/** More entries than any folder of a repository holds; a bound, not a page. */
const ENTRIES_MAX = 1_000_000;

/** The operator knows damage by these words. */
export const CHANGED_SINCE_SEALED = "has changed since it was sealed";

/** Less than a task's pause, 10 s; more than BEs of several replicas take to ask for one folder. */
const ASKED_AGAIN_MS = 3_000;

export interface ListingOptions {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly layout: RepositoryLayout;
  readonly mount: Mount;
  readonly mode: "backup" | "restore";
  /** The one snapshot this agent's attempt is about. */
  readonly label: string;
  /** `yyyy-MM-dd HH:mm:ss`, constant for the mount; an FE refuses a `__repo_info` without a readable one. */
  readonly createTime: string;
  /** An object that is open for reading: its size need not be asked again. */
  readonly openInfo: (key: string) => ObjectInfo | undefined;
  /** Restore of a sealed snapshot: what it held then. */
  readonly sealed?: (() => SealedFolders | undefined) | undefined;
}

/** One entry, by its bare name. */
interface Found {
  readonly name: string;
  readonly isDir: boolean;
  readonly size: number;
}

export class Listing {
  readonly #options: ListingOptions;
  /** Folders that were not as they were sealed when they were last listed, and since when. */
  readonly #changed = new Map<string, number>();

  constructor(options: ListingOptions) {
    this.#options = options;
  }

  /** The content of `__repo_info` for this mount; the same bytes at each call. */
  repoInfo(): Buffer {
    const { mount, createTime } = this.#options;
    return Buffer.from(JSON.stringify({ name: mount.repository, create_time: createTime }));
  }

  /** `path` is the asked path, for answers with full names (`fileNameOnly` unset, broker load). */
  async list(
    path: string,
    asked: AskedPath,
    nameOnly: boolean,
    signal: AbortSignal,
  ): Promise<FileStatus[]> {
    const found = await this.#find(asked, signal);
    const parent = path.slice(0, path.lastIndexOf("/") + 1);
    return found.map((f) => ({
      path: nameOnly ? f.name : `${parent}${f.name}`,
      isDir: f.isDir,
      size: BigInt(f.size),
      isSplitable: !f.isDir,
    }));
  }

  /**
   * What a BE writes never exists while it backs up: it refuses for ever to upload over a `.part`, or over
   * the manifest that its own earlier try of the tablet left (fs_broker.cpp; manifest: 4.2, #77732).
   */
  async exists(asked: AskedPath, signal: AbortSignal): Promise<boolean> {
    const { place } = asked;
    if (place.kind === "root") return place.rest === "" && !place.palo;
    if (place.kind === "repoInfo") return !place.palo;
    if (place.rest.endsWith(PART_SUFFIX)) return false;
    if (this.#options.mode === "backup" && isTabletManifest(place.rest)) return false;
    const key = this.#keyInReach(place);
    const { storage } = this.#options;
    if (place.rest !== "" && (await storage.stat(key, { signal })) !== undefined) return true;
    return await hasAny(storage, `${key}/`, signal);
  }

  async #find(asked: AskedPath, signal: AbortSignal): Promise<Found[]> {
    const { place, glob } = asked;
    if (place.kind === "repoInfo") return this.#repoInfoEntry(place.palo);
    if (place.kind === "root") {
      return glob && !isHidden(place.rest) ? await this.#findInRoot(place.rest, signal) : [];
    }
    return glob ? await this.#findByPrefix(place, signal) : await this.#findExact(place, signal);
  }

  /**
   * An FE asks the old folder first and uses it when there is an entry, so the old one is always empty;
   * 2.5.0 and older know no other and write `__repo_info` then, which the agent accepts and forgets.
   */
  #repoInfoEntry(palo: boolean): Found[] {
    if (palo) return [];
    return [{ name: "__repo_info", isDir: false, size: this.repoInfo().length }];
  }

  async #findInRoot(rest: string, signal: AbortSignal): Promise<Found[]> {
    const { layout } = this.#options;
    return await this.#collect(`${layout.folder}/${rest}`, signal);
  }

  async #findByPrefix(place: Place & { kind: "snapshot" }, signal: AbortSignal): Promise<Found[]> {
    const { layout, label } = this.#options;
    // SHOW SNAPSHOT without a name asks for every snapshot's `__info_*`: names are harmless.
    if (!place.rest.startsWith("__info_")) requireOwnSnapshot(place.label, label);
    const found = await this.#collect(prefixOf(layout, place.label, place.rest), signal);
    if (place.rest.endsWith("/")) this.#requireAsSealed(place.rest.slice(0, -1), found);
    return found;
  }

  /**
   * A BE restores what is listed and misses nothing (before 4.2): a folder that lost files must not be listed at all.
   * Once may be a listing that is behind, which the BE of each replica meets; a repeat in 10 s that finds it so is damage.
   */
  #requireAsSealed(folder: string, found: readonly Found[]): void {
    const sealed = this.#options.sealed?.();
    if (sealed === undefined) return;
    if (sealed.isAsSealed(folder, found)) {
      this.#changed.delete(folder);
      return;
    }
    const nowMs = this.#options.clock.monotonic();
    const sinceMs = this.#changed.get(folder) ?? nowMs;
    this.#changed.set(folder, sinceMs);
    const what =
      nowMs - sinceMs >= ASKED_AGAIN_MS
        ? CHANGED_SINCE_SEALED
        : "is listed otherwise than it was sealed";
    throw new BrokerError(
      BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
      `${folder} ${what}: ${found.length} files are there now; somebody removes or replaces this snapshot`,
    );
  }

  async #findExact(place: Place & { kind: "snapshot" }, signal: AbortSignal): Promise<Found[]> {
    const { storage, openInfo } = this.#options;
    const key = this.#keyInReach(place);
    const name = key.slice(key.lastIndexOf("/") + 1);
    if (isHidden(name)) return [];
    const info = openInfo(key) ?? (await storage.stat(key, { signal }));
    if (info !== undefined) return [{ name, isDir: false, size: info.size }];
    const isDir = await hasAny(storage, `${key}/`, signal);
    return isDir ? [{ name, isDir, size: -1 }] : [];
  }

  #keyInReach(place: Place & { kind: "snapshot" }): string {
    const { layout, label } = this.#options;
    requireOwnSnapshot(place.label, label);
    return keyOf(layout, place.label, place.rest);
  }

  async #collect(prefix: string, signal: AbortSignal): Promise<Found[]> {
    const found: Found[] = [];
    const parentLength = prefix.lastIndexOf("/") + 1;
    for await (const entry of this.#options.storage.list(prefix, { folded: true, signal })) {
      const isDir = entry.kind === "prefix";
      const name = isDir ? entry.prefix.slice(parentLength, -1) : entry.key.slice(parentLength);
      if (isHidden(name)) continue;
      if (found.length === ENTRIES_MAX) throw tooMany(prefix);
      found.push({ name, isDir, size: isDir ? -1 : entry.size });
    }
    return found;
  }
}

/** An agent reaches into no snapshot but its attempt's. */
export function requireOwnSnapshot(asked: string, own: string): void {
  if (asked === own) return;
  throw new BrokerError(
    BROKER_STATUS.NOT_AUTHORIZED,
    `this agent serves snapshot ${own}; ${asked} is another one`,
  );
}

async function hasAny(storage: Storage, prefix: string, signal: AbortSignal): Promise<boolean> {
  for await (const entry of storage.list(prefix, { folded: true, signal })) {
    const name = entry.kind === "prefix" ? entry.prefix : entry.key;
    if (!isHidden(name.slice(prefix.length))) return true;
  }
  return false;
}

function tooMany(prefix: string): BrokerError {
  return new BrokerError(
    BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
    `more than ${ENTRIES_MAX} entries begin with ${prefix}: not a repository of StarRocks`,
  );
}
