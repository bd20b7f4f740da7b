// Brings calls, recorded here or distilled from real ones, into a form in which they can be compared.
// Made equal: ids, labels, timestamps, rowset ids, md5s, ports, times, the size of headers and of
// `__meta`/`__info` (their contents are ours), the order of tablets on a BE and of files in a tablet
// (a directory has none), and pings, which come by the clock. What is left is the order of methods,
// the shape of paths, the sizes and offsets of data, and which calls share the task's connection.
import { readFileSync } from "node:fs";
import type { Call } from "./reference-broker.ts";

export interface Rec {
  readonly restart?: boolean;
  readonly closed?: number;
  readonly c?: number;
  readonly m?: string;
  readonly p?: string;
  readonly t?: number;
  readonly to?: string;
  readonly client?: string;
  readonly off?: number;
  readonly n?: number;
  readonly props?: number;
}

const TESTDATA = new URL("../testdata/", import.meta.url);

export function loadCalls(name: string): readonly Rec[] {
  return readFileSync(new URL(`${name}.jsonl`, TESTDATA), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Rec);
}

export interface StateRow {
  readonly at: number;
  readonly job: string;
  readonly state: string;
  readonly unfinished: string;
  readonly progress: string;
  readonly err: string;
  readonly status: string;
}

export function loadStates(name: string): readonly StateRow[] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, TESTDATA), "utf8")) as StateRow[];
}

export function shapeOf(path: string): string {
  return path
    .replace(/^[a-z]+:\/\/[^/]+\/__starrocks_repository_\w+/, "R")
    .replace(/^[a-z]+:\/\/[^/]+\/__palo_repository_\w+/, "P")
    .replace(/__ss_content\/__db_\d+\/__tbl_\d+\/__part_\d+\/__idx_\d+\/__\d+/, "D")
    .replace(/\/__ss_\w+(?=\/|$)/, "/__ss_<label>")
    .replace(/0200[0-9a-f]{44}_(\d+)\.dat/, "<rowset>_$1.dat")
    .replace(/\/\d+\.(hdr|dcgs_snapshot)/, "/<tablet>.$1")
    .replace(/\.[0-9a-f]{32}$/, ".<md5>")
    .replace(/\d{4}(-\d\d){5}-\d{3}/, "<ts>");
}

/** A broker's calls in the form of the testdata. */
export function recordsOf(calls: readonly Call[]): readonly Rec[] {
  const connections = new Map<string, number>();
  return calls.map((call) => {
    const c = connections.get(call.peer) ?? connections.size + 1;
    connections.set(call.peer, c);
    const tablet = /\/__idx_\d+\/__(\d+)/.exec(call.path ?? "")?.[1];
    return definedOnly({
      c,
      m: call.method,
      p: call.path === undefined ? undefined : shapeOf(call.path),
      t: tablet === undefined ? undefined : Number(tablet),
      to: call.to === undefined ? undefined : shapeOf(call.to),
      client: call.client,
      off: call.offset,
      n: call.bytes,
      props: call.properties === undefined ? undefined : 1,
    });
  });
}

function definedOnly(values: Readonly<Record<string, unknown>>): Rec {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined));
}

const FE_PORT = ":9010";

/** The FE's calls in order, pings and the ten-minute check left out. */
export function frontendCalls(records: readonly Rec[]): readonly string[] {
  const backends = backendOfConnection(records);
  const mine = records.filter(
    (r) => r.m !== undefined && r.m !== "ping" && !backends.has(r.c) && r.p !== "R",
  );
  const texts: string[] = [];
  let written = 0;
  for (const [i, r] of mine.entries()) {
    if (r.m !== "pwrite") {
      written = 0;
      texts.push(frontendText(r));
      continue;
    }
    const isLast = mine[i + 1]?.m !== "pwrite";
    if (!isNextKibibyte(r, written, isLast)) texts.push(`pwrite ${r.off}+${r.n} out of order`);
    else if (isLast) texts.push("pwrite, 1 KiB each");
    written += r.n ?? 0;
  }
  return texts;
}

/** Only the last piece may be shorter. */
function isNextKibibyte(r: Rec, written: number, isLast: boolean): boolean {
  const size = r.n ?? 0;
  return r.off === written && (size === 1024 || (isLast && size < 1024));
}

function frontendText(r: Rec): string {
  const parts = [r.m, r.p, r.to === undefined ? undefined : `-> ${r.to}`];
  if (r.client !== undefined) parts.push(r.client.endsWith(FE_PORT) ? "by the FE" : r.client);
  if (r.m === "pread") parts.push(`at ${r.off}, the whole size`);
  if (r.props !== undefined) parts.push("with properties");
  return parts.filter((p) => p !== undefined).join(" ");
}

/** One visit of a task to a tablet: its listing, then its files. */
export interface TabletRun {
  readonly backend: string;
  readonly tablet: number;
  /** Call texts of each file, in order of file name. */
  readonly files: readonly (readonly string[])[];
}

/** What each BE did with each tablet, in the order in which it came to them. */
export function tabletRuns(records: readonly Rec[]): readonly TabletRun[] {
  const backends = backendOfConnection(records);
  const runs: TabletRun[] = [];
  for (const backend of new Set(backends.values())) {
    const mine = records.filter(
      (r) => r.m !== undefined && r.m !== "ping" && backends.get(r.c) === backend,
    );
    runs.push(...runsOf(backend, mine));
  }
  return runs;
}

interface Draft {
  readonly tablet: number;
  readonly held: number;
  readonly files: string[][];
}

const FIRST_OF_A_FILE = new Set(["checkPathExist", "openReader"]);

function orderOf(texts: readonly string[]): string {
  return texts.join("\n");
}

function runsOf(backend: string, records: readonly Rec[]): readonly TabletRun[] {
  const drafts: Draft[] = [];
  for (const r of records) take(r, drafts);
  return drafts.map(({ tablet, files }) => ({
    backend,
    tablet,
    // Two rowsets may have a segment 0 each: their calls decide, not the order they came in.
    files: files.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)),
  }));
}

function take(r: Rec, drafts: Draft[]): void {
  if (r.p?.endsWith("/D/*") === true) {
    drafts.push({ tablet: r.t ?? 0, held: r.c ?? 0, files: [] });
    return;
  }
  const draft = drafts.at(-1);
  if (draft === undefined) return;
  if (FIRST_OF_A_FILE.has(r.m ?? "")) draft.files.push([]);
  draft.files.at(-1)?.push(fileText(r, draft.held));
}

/** `held` says the call went over the task's own connection, `other` over another. */
function fileText(r: Rec, held: number): string {
  const role = r.c === held ? "held" : "other";
  const parts: (string | undefined)[] = [
    role,
    r.m,
    r.p,
    r.to === undefined ? undefined : `-> ${r.to}`,
  ];
  if (r.off !== undefined) parts.push(sizeText(r));
  if (r.props !== undefined) parts.push("with properties");
  return parts.filter((p) => p !== undefined).join(" ");
}

/** Headers are small and their size is ours: a piece below 4 KiB is `small`, offsets alike. */
function sizeText(r: Rec): string {
  const small = (value: number, of = 0): string =>
    value - of < 4096 && value > of ? "small" : String(value);
  const off = small(r.off ?? 0);
  // What is left of a buffer after a header: the buffer less something small.
  const left = 1_048_576 - (r.n ?? 0);
  const n = left > 0 && left < 4096 ? "1048576-small" : small(r.n ?? 0);
  return `at ${off}, ${n}`;
}

/** Which BE a connection belongs to, by the client ids that were seen with its tablets. */
function backendOfConnection(records: readonly Rec[]): ReadonlyMap<number | undefined, string> {
  const backendOfTablet = new Map<number | undefined, string>();
  for (const { t, client } of records) {
    if (t !== undefined && client !== undefined) backendOfTablet.set(t, client);
  }
  const found = new Map<number | undefined, string>();
  for (const { c, t, client } of records) {
    const backend = client?.endsWith(":9060") === true ? client : backendOfTablet.get(t);
    if (backend !== undefined) found.set(c, backend);
  }
  return found;
}

/** The runs as a sorted list of texts, whichever BE and tablet they are of. */
export function sortedRuns(runs: readonly TabletRun[]): readonly string[] {
  return runs.map((run) => JSON.stringify(run.files, undefined, 1)).sort();
}
