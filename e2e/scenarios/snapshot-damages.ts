// What can happen to the files of a snapshot behind everybody's back: kinds of damage × places in it.
import { createHash } from "node:crypto";

/** Objects of a snapshot and their contents, by key. */
export type Files = ReadonlyMap<string, Buffer>;

/**
 * Where StarRocks lists no files, neither in `__info` nor beside a tablet's, a BE restores what is there: nobody
 * can know that a file is missing (starrocks.md §9, #77732).
 */
export function isUnknowable({ damage, place }: DamageRow): boolean {
  return damage.name === "missing" && place === ".dat";
}

/** What changes: contents to write, undefined to delete. */
export type Change = ReadonlyMap<string, Buffer | undefined>;

export interface Damage {
  readonly name: string;
  /** The changes; undefined: it cannot be done here. */
  readonly at: (key: string, files: Files) => Change | undefined;
  /** An exchange of content and name at once, which only our manifest can tell: StarRocks cannot, nor can we. */
  readonly needsManifest?: true;
}

export interface DamageRow {
  readonly damage: Damage;
  readonly place: string;
  readonly key: string;
}

const md5 = (content: Buffer): string => createHash("md5").update(content).digest("hex");
const baseOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1);
const folderOf = (key: string): string => key.slice(0, key.lastIndexOf("/"));
const suffixOf = (key: string): string => /\.[^./]+(?=\.[0-9a-f]{32}$)/.exec(key)?.[0] ?? "";
const hasChecksum = (key: string): boolean => /\.[0-9a-f]{32}$/.test(key);

function flipped(content: Buffer): Buffer {
  const changed = Buffer.from(content);
  const at = Math.floor(changed.length / 2);
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
  return changed;
}

/** A file of the same kind in another folder, with other content. */
function counterpart(key: string, files: Files): readonly [string, Buffer] | undefined {
  const own = files.get(key);
  return [...files].find(
    ([other, content]) =>
      folderOf(other) !== folderOf(key) &&
      suffixOf(other) === suffixOf(key) &&
      suffixOf(key) !== "" &&
      own?.equals(content) === false,
  );
}

function content(key: string, files: Files): Buffer {
  return files.get(key) ?? Buffer.alloc(0);
}

export const DAMAGES: readonly Damage[] = [
  {
    name: "a flipped bit",
    at: (key, files) => {
      const old = content(key, files);
      return old.length === 0 ? undefined : new Map([[key, flipped(old)]]);
    },
  },
  { name: "missing", at: (key) => new Map([[key, undefined]]) },
  {
    name: "shortened",
    at: (key, files) => {
      const old = content(key, files);
      return old.length === 0 ? undefined : new Map([[key, old.subarray(0, -1)]]);
    },
  },
  {
    name: "emptied",
    at: (key, files) =>
      content(key, files).length === 0 ? undefined : new Map([[key, Buffer.alloc(0)]]),
  },
  {
    name: "longer",
    at: (key, files) => new Map([[key, Buffer.concat([content(key, files), Buffer.of(0)])]]),
  },
  {
    name: "swapped with another tablet's",
    at: (key, files) => {
      const other = counterpart(key, files);
      return (
        other &&
        new Map([
          [key, other[1]],
          [other[0], content(key, files)],
        ])
      );
    },
  },
  {
    name: "there twice, with another md5",
    at: (key, files) => {
      if (!hasChecksum(key)) return undefined;
      const other = Buffer.concat([content(key, files), Buffer.from("other")]);
      return new Map([[`${key.slice(0, -32)}${md5(other)}`, other]]);
    },
  },
  {
    name: "another tablet's under its name",
    needsManifest: true,
    at: (key, files) => {
      const other = counterpart(key, files)?.[1];
      if (other === undefined) return undefined;
      return new Map([
        [key, undefined],
        [`${key.slice(0, -32)}${md5(other)}`, other],
      ]);
    },
  },
  { name: "with a .part beside it", at: (key) => new Map([[`${key}.part`, Buffer.from("half")]]) },
  {
    name: "with a file beside it that is none of StarRocks'",
    at: (key) => new Map([[`${folderOf(key)}/readme.txt`, Buffer.from("hello")]]),
  },
];

/** One place of each kind: every kind of file in one tablet, and the files above the tablets. */
export function placesOf(
  files: Files,
): readonly { readonly place: string; readonly key: string }[] {
  const kinds = new Map<string, string>();
  for (const key of files.keys()) {
    const place = hasChecksum(key) ? suffixOf(key) || kindOf(key) : baseOf(key);
    if (!kinds.has(place)) kinds.set(place, key);
  }
  return [...kinds].map(([place, key]) => ({ place, key }));
}

function kindOf(key: string): string {
  return baseOf(key).replace(/^(__info|__meta|meta).*/, "$1");
}

export function rowsOf(files: Files): readonly DamageRow[] {
  return placesOf(files).flatMap(({ place, key }) =>
    DAMAGES.filter((damage) => damage.at(key, files) !== undefined).map((damage) => ({
      damage,
      place,
      key,
    })),
  );
}
