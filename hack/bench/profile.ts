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
  /** `function file:line`, or `function ← caller file:line`. */
  readonly name: string;
  /** Of the time that was not idle, in the function itself. */
  readonly share: number;
}

const SHOWN = 15;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The functions with the most self time, idle time left out. */
export function summarize(profile: CpuProfile): HotSpot[] {
  const names = namesOf(profile.nodes);
  const tookUs = new Map<string, number>();
  let busyUs = 0;
  for (const [at, id] of profile.samples.entries()) {
    const name = names.get(id) ?? "?";
    if (name === "(idle)") continue;
    const us = profile.timeDeltas[at] ?? 0;
    busyUs += us;
    tookUs.set(name, (tookUs.get(name) ?? 0) + us);
  }
  return [...tookUs]
    .sort((a, b) => b[1] - a[1])
    .slice(0, SHOWN)
    .map(([name, us]) => ({ name, share: us / busyUs }));
}

function namesOf(nodes: readonly ProfileNode[]): Map<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map<number, ProfileNode>();
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  const callerOf = (node: ProfileNode): CallFrame | undefined => {
    let caller = parents.get(node.id);
    while (caller !== undefined && !isFile(caller.callFrame)) caller = parents.get(caller.id);
    return caller?.callFrame;
  };
  const names = new Map<number, string>();
  for (const [id, node] of byId) {
    const { callFrame } = node;
    const caller = isFile(callFrame) ? undefined : callerOf(node);
    const by = caller === undefined ? "" : ` ← ${describe(caller)}`;
    names.set(id, describe(callFrame) + by);
  }
  return names;
}

/** In a file, of ours or of a package; not in Node itself. */
function isFile({ url }: CallFrame): boolean {
  return url.startsWith("file:") || url.startsWith("/");
}

function describe({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  const short = path.replace(ROOT, "").replace(/^.*\bnode_modules\//, "");
  return `${name} ${short}:${lineNumber + 1}`;
}
