// Reads a snapshot's `__info_<timestamp>.<md5>` as a stream: the FE's list of tables, partitions, indexes
// and tablets (BackupJobInfo.toJson, 2.3 to 4.2). It can have more than 50 MB, so no tree is built: the
// tokens of @streamparser/json (measured: 58 MB of file lists in under a second, memory flat) walk a
// small table of shapes, and only ids stay, see snapshot-info-tablets.ts.
//
// The name carries the md5 of the content. Nothing is handed out before it was found right, so whoever
// gets a SnapshotInfo has what the FE wrote. Keys that we do not know are skipped.
import { createHash } from "node:crypto";
import { Tokenizer, TokenType } from "@streamparser/json";
import { splitChecksum } from "../broker/layout.ts";
import { ExpectedTablets } from "./snapshot-info-tablets.ts";

export interface SnapshotInfo {
  /** The label. */
  readonly name: string;
  /** Empty for a snapshot of external catalogs. */
  readonly database: string;
  readonly databaseId: number;
  readonly backupTimeMs: number;
  readonly metaVersion: number | undefined;
  readonly starrocksMetaVersion: number | undefined;
  readonly tablets: ExpectedTablets;
}

/** The content is not what its name or its format promises: damage, not a failed read. */
export class SnapshotInfoError extends Error {
  override readonly name = "SnapshotInfoError" as const;
}

export interface InfoName {
  /** `yyyy-MM-dd-HH-mm-ss-SSS`, verbatim; what RESTORE wants as `backup_timestamp`. */
  readonly timestamp: string;
  readonly md5: string;
}

/** Splits `__info_<timestamp>.<md5>`; undefined for anything else (`__info_….part` above all). */
export function parseInfoName(fileName: string): InfoName | undefined {
  const split = splitChecksum(fileName);
  const found = /^__info_([^./]+)$/.exec(split?.name ?? "");
  return split === undefined || found === null
    ? undefined
    : { timestamp: found[1] ?? "", md5: split.md5 };
}

export interface InfoReadOptions {
  /** Called for every file of the lists inside, which StarRocks filled up to 3.3. */
  readonly onFile?: (tablet: number, name: string) => void;
}

/**
 * Reads the whole content. Throws {@link SnapshotInfoError} when its md5 is another, when it is not the
 * JSON of a finished snapshot, or when an id is beyond 2^53; errors of `body` pass through.
 */
export async function readSnapshotInfo(
  body: AsyncIterable<Buffer>,
  md5: string,
  options: InfoReadOptions = {},
): Promise<SnapshotInfo> {
  const hash = createHash("md5");
  const walk = new InfoWalk(options.onFile ?? (() => {}));
  const tokenizer = newTokenizer(walk);
  let broken: Error | undefined;
  for await (const chunk of body) {
    hash.update(chunk);
    broken ??= caught(() => tokenizer.write(chunk));
  }
  const actual = hash.digest("hex");
  // First the md5: it says more than where the JSON broke.
  if (actual !== md5) {
    throw new SnapshotInfoError(`its content has md5 ${actual}, its name says ${md5}`);
  }
  if (broken !== undefined) throw broken;
  return walk.finish();
}

/**
 * The database's name from the first bytes of an `__info`, or undefined when it is not there. The FE's
 * HashMap order puts `database` first and `backup_objects` last. Checks no md5: for display alone.
 */
export function peekDatabase(head: Buffer): string | undefined {
  const walk = new InfoWalk(() => {});
  const tokenizer = newTokenizer(walk);
  caught(() => tokenizer.write(head));
  return walk.database;
}

function newTokenizer(walk: InfoWalk): Tokenizer {
  const tokenizer = new Tokenizer({ stringBufferSize: 64 * 1024 });
  tokenizer.onToken = ({ token, value }) => walk.token(token, value);
  tokenizer.onError = (error) => {
    throw error instanceof SnapshotInfoError
      ? error
      : new SnapshotInfoError(`it is not JSON: ${error.message}`);
  };
  return tokenizer;
}

type Shape =
  | "root"
  | "tables"
  | "table"
  | "partitions"
  | "partition"
  | "indexes"
  | "index"
  | "tablets"
  | "files"
  | "skipped";

/** What stands under the keys of an object of some shape: one shape for every key, or by name. */
const CHILDREN: Readonly<Record<Shape, Shape | ReadonlyMap<string, Shape>>> = {
  root: new Map([["backup_objects", "tables"]]),
  tables: "table",
  table: new Map([["partitions", "partitions"]]),
  partitions: "partition",
  // Since 3.1 a partition has physical ones; newer releases list all tablets there (sub-partitions).
  partition: new Map([
    ["indexes", "indexes"],
    ["subPartitions", "partitions"],
  ]),
  indexes: "index",
  index: new Map([["tablets", "tablets"]]),
  tablets: "files",
  files: "skipped",
  skipped: "skipped",
};

/** More than any release takes (FeNameFormat). */
const NAME_CHARS_MAX = 1024;

const OPENING: ReadonlySet<TokenType> = new Set([TokenType.LEFT_BRACE, TokenType.LEFT_BRACKET]);
const CLOSING: ReadonlySet<TokenType> = new Set([TokenType.RIGHT_BRACE, TokenType.RIGHT_BRACKET]);

interface Frame {
  readonly shape: Shape;
  /** The row of the table, partition, index or tablet that this belongs to. */
  readonly row: number;
  readonly isArray: boolean;
  key: string;
  inValue: boolean;
}

/** Follows the tokens through the shapes. */
class InfoWalk {
  readonly #tablets = new ExpectedTablets();
  readonly #onFile: (tablet: number, name: string) => void;
  readonly #stack: Frame[] = [];
  readonly #root = new Map<string, string | number>();
  #ended = false;

  constructor(onFile: (tablet: number, name: string) => void) {
    this.#onFile = onFile;
  }

  get database(): string | undefined {
    const found = this.#root.get("database");
    return typeof found === "string" ? found : undefined;
  }

  token(type: TokenType, value: unknown): void {
    if (this.#ended) throw new SnapshotInfoError("something follows its end");
    if (OPENING.has(type)) {
      this.#open(type === TokenType.LEFT_BRACKET);
    } else if (CLOSING.has(type)) {
      this.#stack.pop();
      this.#ended = this.#stack.length === 0;
    } else if (type === TokenType.COLON || type === TokenType.COMMA) {
      this.#top().inValue = type === TokenType.COLON;
    } else {
      this.#scalar(value);
    }
  }

  finish(): SnapshotInfo {
    if (!this.#ended) throw new SnapshotInfoError("it ends in the middle");
    const wrong = this.#tablets.checkRows();
    if (wrong !== undefined) throw new SnapshotInfoError(wrong);
    // BackupJobInfo writes nothing else; kept as a guard against a partial one.
    if (this.#root.get("backup_result") !== "succeed") {
      throw new SnapshotInfoError("its backup_result is not succeed");
    }
    return {
      name: requireName("name", this.#root.get("name")),
      database: requireName("database", this.database),
      databaseId: requireInteger("id", this.#root.get("id")),
      backupTimeMs: requireInteger("backup_time", this.#root.get("backup_time")),
      metaVersion: this.#number("meta_version"),
      starrocksMetaVersion: this.#number("starrocks_meta_version"),
      tablets: this.#tablets,
    };
  }

  #number(key: string): number | undefined {
    const value = this.#root.get(key);
    return typeof value === "number" ? value : undefined;
  }

  #top(): Frame {
    const top = this.#stack.at(-1);
    if (top === undefined) throw new SnapshotInfoError("it is not a JSON object");
    return top;
  }

  #open(isArray: boolean): void {
    const parent = this.#stack.at(-1);
    const shape = parent === undefined ? "root" : childShape(parent);
    if (shape !== "skipped" && isArray !== (shape === "files")) {
      throw new SnapshotInfoError(`${parent?.key ?? "its root"} has an unexpected type`);
    }
    this.#stack.push({ shape, isArray, row: this.#rowOf(shape, parent), key: "", inValue: false });
  }

  #rowOf(shape: Shape, parent: Frame | undefined): number {
    if (parent === undefined) return 0;
    const { row, key } = parent;
    if (shape === "table") return this.#tablets.addTable(key);
    if (shape === "partition") return this.#tablets.addPartition(row);
    if (shape === "index") return this.#tablets.addIndex(row);
    if (shape === "files") return this.#tablets.addTablet(row, parseId(key));
    // A sub-partition belongs to the table, not to the partition around it.
    const isNested = shape === "partitions" && parent.shape === "partition";
    return isNested ? this.#tablets.tableOf(row) : row;
  }

  #scalar(value: unknown): void {
    const top = this.#top();
    if (!top.isArray && !top.inValue) {
      top.key = String(value);
    } else if (top.shape === "files") {
      this.#file(top.row, value);
    } else if (top.shape === "root") {
      if (typeof value === "string" || typeof value === "number") this.#root.set(top.key, value);
    } else if (top.key === "id") {
      this.#id(top, requireInteger("id", value));
    }
  }

  #id(frame: Frame, id: number): void {
    if (frame.shape === "table") this.#tablets.setTableId(frame.row, id);
    if (frame.shape === "partition") this.#tablets.setPartitionId(frame.row, id);
    if (frame.shape === "index") this.#tablets.setIndexId(frame.row, id);
  }

  #file(tablet: number, value: unknown): void {
    // The BE lists the folder of its snapshot; old ones may let the folder's own names through.
    if (typeof value !== "string" || value === "." || value === "..") return;
    this.#tablets.addFile(tablet, value);
    this.#onFile(tablet, value);
  }
}

function childShape(parent: Frame): Shape {
  const children = CHILDREN[parent.shape];
  return typeof children === "string" ? children : (children.get(parent.key) ?? "skipped");
}

function parseId(text: string): number {
  if (!/^\d+$/.test(text)) throw new SnapshotInfoError(`${text} is no tablet id`);
  return requireInteger("tablet id", Number(text));
}

/** A name that can be one: it goes into our manifest, which must stay small enough to be read. */
function requireName(key: string, value: string | number | undefined): string {
  const name = String(value ?? "");
  if (name.length <= NAME_CHARS_MAX) return name;
  throw new SnapshotInfoError(`its ${key} has ${name.length} characters, which no name has`);
}

/** Ids are int64. They grow by one per object and stay below 2^53 in any real cluster. */
function requireInteger(what: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw new SnapshotInfoError(`${what} ${String(value)} is no whole number below 2^53`);
  }
  return value;
}

function caught(work: () => void): Error | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
