// Compares the listing of a snapshot with the tablets that its `__info` promises, for seal and verify.
// Files come in listing order, so all files of a tablet come together, and only the names of one tablet
// are held at a time; a million tablets cost a bit each.
//
// A tablet is whole when it has its header (`<tablet>.hdr`, or `meta` for a primary-key tablet), every
// file of its list in `__info` (StarRocks ≤ 3.3) and no other, and every name of the manifest that a BE
// of 4.2 writes beside its files. Its folder must be the one that RESTORE will ask for
// (BackupJobInfo.getFilePath), so ids in the path count, not the tablet's id alone.
import { must } from "../../assert.ts";
import type { SnapshotLayout } from "../../broker/layout.ts";
import { TABLET_MANIFEST, parseTabletFile, splitChecksum } from "../../broker/layout.ts";
import { TransientError } from "../../errors.ts";
import type { ObjectInfo } from "../../storage/storage.ts";
import { readObject } from "../read-object.ts";
import type { SnapshotInfo } from "../snapshot-info.ts";
import type { NameSum } from "../snapshot-info-tablets.ts";
import { addName, emptySum, sameSum } from "../snapshot-info-tablets.ts";
import { BoundedTasks } from "./bounded-tasks.ts";
import type { CommandDeps } from "./command.ts";
import type { DamageReport } from "./damage.ts";

export interface ContentCheckOptions {
  readonly snapshot: SnapshotLayout;
  readonly info: SnapshotInfo;
  readonly damage: DamageReport;
  /** Reads `__info` again and calls back for every file in its lists. */
  readonly readFiles: (onFile: (tablet: number, name: string) => void) => Promise<void>;
}

/** How many faulty tablets are looked at again, to name what they lack. */
const NAMED_TABLETS_MAX = 20;
/** Manifests of 4.2 are a small object per tablet: latency counts. */
const PARALLEL_READS = 16;

interface OpenFolder {
  /** Below the snapshot, no slash at the end. */
  readonly path: string;
  /** Ordinal of the tablet; undefined for a folder that is no expected tablet's. */
  readonly tablet: number | undefined;
  readonly header: string;
  /** Not a tablet's folder at all: each file is reported. */
  readonly isForeign: boolean;
  readonly names: Set<string>;
  readonly sum: NameSum;
  hasHeader: boolean;
  manifest: ObjectInfo | undefined;
}

export class ContentCheck {
  readonly #deps: CommandDeps;
  readonly #options: ContentCheckOptions;
  readonly #seen: Uint8Array;
  readonly #reads = new BoundedTasks(PARALLEL_READS);
  /** Tablets whose files differ from their list in `__info`. */
  readonly #differing: number[] = [];
  #open: OpenFolder | undefined;
  #unlisted = 0;

  constructor(deps: CommandDeps, options: ContentCheckOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#seen = new Uint8Array(options.info.tablets.size);
  }

  /** Tablets of which nothing says what files they have: a file that is missing there cannot be told. */
  get unlisted(): number {
    return this.#unlisted;
  }

  /** Takes the next object below `content()`. Await the promise, when there is one. */
  add(object: ObjectInfo): Promise<void> | undefined {
    const below = this.#options.snapshot.below(object.key);
    const slash = below.lastIndexOf("/");
    const path = below.slice(0, slash);
    const previous = this.#open;
    let closing: Promise<void> | undefined;
    if (previous?.path !== path) {
      this.#open = this.#enter(path, below);
      closing = this.#close(previous);
    }
    this.#file(must(this.#open, "a folder"), below.slice(slash + 1), object);
    return closing;
  }

  /** After the last object: reports what never came. */
  async finish(): Promise<void> {
    await this.#close(this.#open);
    this.#open = undefined;
    await this.#reads.drain();
    await this.#reportUnseen();
    await this.#nameDiffering();
  }

  #enter(path: string, below: string): OpenFolder {
    const place = parseTabletFile(below);
    const tablet = place === undefined ? undefined : this.#expected(Number(place.tablet), path);
    if (place !== undefined && tablet === undefined) {
      this.#options.damage.add({ kind: "unknownTablet", path });
    }
    return {
      path,
      tablet,
      isForeign: place === undefined,
      header: `${place?.tablet ?? ""}.hdr`,
      names: new Set(),
      sum: emptySum(),
      hasHeader: false,
      manifest: undefined,
    };
  }

  #expected(id: number, path: string): number | undefined {
    const tablet = this.#options.info.tablets.find(id);
    return tablet !== undefined && this.#pathOf(tablet) === path ? tablet : undefined;
  }

  #pathOf(tablet: number): string {
    const { tablets, databaseId } = this.#options.info;
    const at = tablets.placeOf(tablet);
    return (
      `__ss_content/__db_${databaseId}/__tbl_${at.table}/__part_${at.partition}` +
      `/__idx_${at.index}/__${at.tablet}`
    );
  }

  #file(folder: OpenFolder, fileName: string, object: ObjectInfo): void {
    const { damage } = this.#options;
    const path = `${folder.path}/${fileName}`;
    const split = splitChecksum(fileName);
    if (folder.isForeign) {
      damage.add({ kind: "unexpected", path });
    } else if (folder.tablet === undefined) {
      // The folder was reported when it was entered.
    } else if (fileName === TABLET_MANIFEST) {
      folder.manifest = object;
    } else if (split === undefined) {
      damage.add({ kind: fileName.endsWith(".part") ? "leftover" : "noChecksum", path });
    } else if (folder.names.has(split.name)) {
      // RESTORE takes the first that is listed, which may be the wrong one (SnapshotLoader).
      damage.add({ kind: "variant", path });
    } else {
      folder.names.add(split.name);
      addName(folder.sum, split.name);
      folder.hasHeader ||= split.name === folder.header || split.name === "meta";
    }
  }

  #close(folder: OpenFolder | undefined): Promise<void> | undefined {
    if (folder?.tablet === undefined) return undefined;
    const { tablet, manifest } = folder;
    this.#seen[tablet] = 1;
    const wanted = this.#options.info.tablets.filesOf(tablet);
    if (wanted.count > 0 && !sameSum(wanted, folder.sum)) {
      this.#differing.push(tablet);
    } else if (!folder.hasHeader) {
      this.#options.damage.add({ kind: "noHeader", path: folder.path });
    }
    if (manifest === undefined) {
      this.#unlisted += wanted.count === 0 ? 1 : 0;
      return undefined;
    }
    return this.#reads.start(() => this.#compareManifest(folder, manifest));
  }

  // An empty one records nothing and is fine (SnapshotLoader._verify_snapshot_manifest, 4.2).
  async #compareManifest(folder: OpenFolder, manifest: ObjectInfo): Promise<void> {
    const first = await this.#missingIn(folder, manifest);
    // Bits flip on their way, too.
    const missing = first.length > 0 ? await this.#missingIn(folder, manifest) : first;
    for (const name of missing) {
      const note = `missing, named by ${TABLET_MANIFEST}`;
      this.#options.damage.add({ kind: "missing", path: `${folder.path}/${name}`, note });
    }
  }

  async #missingIn(folder: OpenFolder, manifest: ObjectInfo): Promise<readonly string[]> {
    const { storage, signal } = this.#deps;
    const content = await readObject(storage, manifest.key, { signal, etag: manifest.etag });
    const names = content.toString("utf8").split("\n");
    return names.filter((name) => name !== "" && !folder.names.has(name));
  }

  async #reportUnseen(): Promise<void> {
    const { damage, info } = this.#options;
    let looked = 0;
    for (let tablet = 0; tablet < this.#seen.length; tablet += 1) {
      if (this.#seen[tablet] === 1) continue;
      const path = this.#pathOf(tablet);
      if (looked < NAMED_TABLETS_MAX) await this.#requireGone(path);
      looked += 1;
      const { tableName } = info.tablets.placeOf(tablet);
      damage.add({ kind: "noTablet", path, note: `no file of this tablet of table ${tableName}` });
    }
  }

  // Sealing deletes `__info` on what is reported here, so the worst is looked at twice: a listing that
  // lost rows is the store's failure, not a hole.
  async #requireGone(path: string): Promise<void> {
    const names = await this.#namesIn(path);
    if (names.length > 0) {
      throw new TransientError(
        "ListingChanged",
        `${path} was not listed at first; look again later`,
      );
    }
  }

  /** The second pass: which names the differing tablets lack or have too many. */
  async #nameDiffering(): Promise<void> {
    const { damage, readFiles } = this.#options;
    if (this.#differing.length === 0) return;
    const wanted = new Map<number, Set<string>>();
    for (const tablet of this.#differing.slice(0, NAMED_TABLETS_MAX)) wanted.set(tablet, new Set());
    await readFiles((tablet, name) => wanted.get(tablet)?.add(name));
    for (const [tablet, names] of wanted) await this.#compareNames(this.#pathOf(tablet), names);
    for (const tablet of this.#differing.slice(NAMED_TABLETS_MAX)) {
      const note = "its files are not those that __info lists";
      damage.add({ kind: "missing", path: this.#pathOf(tablet), note });
    }
  }

  async #compareNames(path: string, wanted: ReadonlySet<string>): Promise<void> {
    const { damage } = this.#options;
    const there = new Set<string>();
    for (const fileName of await this.#namesIn(path)) {
      const name = splitChecksum(fileName)?.name;
      if (name !== undefined) there.add(name);
    }
    const missing = [...wanted].filter((name) => !there.has(name));
    const strays = [...there].filter((name) => !wanted.has(name));
    if (missing.length + strays.length === 0) {
      throw new TransientError("ListingChanged", `${path} changed while it was looked at`);
    }
    for (const name of missing) damage.add({ kind: "missing", path: `${path}/${name}` });
    for (const name of strays) {
      damage.add({
        kind: "unexpected",
        path: `${path}/${name}`,
        note: "not in the list of __info",
      });
    }
  }

  async #namesIn(path: string): Promise<string[]> {
    const { storage, signal } = this.#deps;
    const prefix = `${this.#options.snapshot.root}/${path}/`;
    const names: string[] = [];
    for await (const entry of storage.list(prefix, { signal })) {
      if (entry.kind === "object") names.push(entry.key.slice(prefix.length));
    }
    return names;
  }
}
