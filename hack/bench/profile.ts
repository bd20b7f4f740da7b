// A V8 CPU profile as a short list: where the samples fell, by function.
import { fileURLToPath } from "node:url";

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
}

export interface HotSpot {
  /** `function file:line` */
  readonly name: string;
  /** Of the time that was not idle, in the function itself. */
  readonly share: number;
}

const SHOWN = 15;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The functions with the most self time, idle time left out. */
export function summarize(profile: CpuProfile): HotSpot[] {
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node)]));
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

function nameOf({ callFrame }: ProfileNode): string {
  const { functionName, url, lineNumber } = callFrame;
  if (url === "") return functionName;
  const file = url.startsWith("file:") ? fileURLToPath(url).replace(ROOT, "") : url;
  const short = file.replace(/^node_modules\//, "");
  return `${functionName === "" ? "(anonymous)" : functionName} ${short}:${lineNumber + 1}`;
}
