// A V8 CPU profile as a short list: where the samples fell, by function. Native functions (hashes, socket
// writes) are told apart by the line of our code, or of a package, that called them.
import { fileURLToPath } from "node:url";

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

export interface HotSpot {
  /** `function file:line`, or `function ← caller file:line`; or an area of the program. */
  readonly name: string;
  /** Of the time that was not idle. */
  readonly share: number;
}

export interface ProfileSummary {
  /** By self time, most first. */
  readonly functions: readonly HotSpot[];
  /** All of it, by who is to blame: native and Node's own time counts for its caller. */
  readonly areas: readonly HotSpot[];
}

const SHOWN = 15;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export function summarize(profile: CpuProfile): ProfileSummary {
  const places = placesOf(profile.nodes);
  const functions = new Shares();
  const areas = new Shares();
  for (const [at, id] of profile.samples.entries()) {
    const place = places.get(id);
    if (place === undefined || place.name === "(idle)" || isProfiler(place)) continue;
    const us = profile.timeDeltas[at] ?? 0;
    functions.add(place.name, us);
    areas.add(place.area, us);
  }
  return { functions: functions.list().slice(0, SHOWN), areas: areas.list() };
}

class Shares {
  readonly #tookUs = new Map<string, number>();
  #allUs = 0;

  add(name: string, us: number): void {
    this.#allUs += us;
    this.#tookUs.set(name, (this.#tookUs.get(name) ?? 0) + us);
  }

  list(): HotSpot[] {
    const sorted = [...this.#tookUs].sort((a, b) => b[1] - a[1]);
    return sorted.map(([name, us]) => ({ name, share: us / this.#allUs }));
  }
}

interface CodePlace {
  readonly name: string;
  readonly area: string;
}

function placesOf(nodes: readonly ProfileNode[]): Map<number, CodePlace> {
  const parents = new Map<number, ProfileNode>();
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  /** The node itself or the nearest one around it that is code in a file. */
  const inFile = (node: ProfileNode | undefined): CallFrame | undefined => {
    let at = node;
    while (at !== undefined && !isFile(at.callFrame)) at = parents.get(at.id);
    return at?.callFrame;
  };
  return new Map(
    nodes.map((node) => {
      const { callFrame } = node;
      const caller = inFile(node);
      const by = caller === undefined || caller === callFrame ? "" : ` ← ${describe(caller)}`;
      return [node.id, { name: describe(callFrame) + by, area: areaOf(callFrame, caller) }];
    }),
  );
}

function areaOf({ functionName }: CallFrame, caller: CallFrame | undefined): string {
  if (functionName === "(garbage collector)") return "garbage collection";
  if (caller === undefined) return "Node: sockets, HTTP, streams, promises";
  const path = pathOf(caller);
  if (/^@(aws-sdk|smithy|aws-crypto)\//.test(path)) return "the S3 client";
  return /^operator\/[^/]+(?=\/)/.exec(path)?.[0] ?? "other";
}

/** What the recording itself costs. */
function isProfiler({ name }: CodePlace): boolean {
  return name.includes(" hack/bench/profiler-preload.ts:");
}

/** In a file, of ours or of a package; not in Node itself. */
function isFile({ url }: CallFrame): boolean {
  return url.startsWith("file:") || url.startsWith("/");
}

function describe(frame: CallFrame): string {
  const name = frame.functionName === "" ? "(anonymous)" : frame.functionName;
  return frame.url === "" ? name : `${name} ${pathOf(frame)}:${frame.lineNumber + 1}`;
}

/** From the project's folder, or from a package's name. */
function pathOf({ url }: CallFrame): string {
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  return path.replace(ROOT, "").replace(/^.*\bnode_modules\//, "");
}
