// One look at a container: connect, ask by HTTP, or run a command, as a probe's spec says. Comes from the
// node's address, as a kubelet's would.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { describeError } from "../../../operator/errors.ts";
import type { ContainerSpec, ProbeSpec } from "../core.ts";

export interface ProbeTarget {
  readonly container: ContainerSpec;
  readonly podIP: string;
  readonly nodeIP: string;
  /** For exec: the words to run, rewritten for this container, and its surroundings. */
  readonly command: (words: readonly string[]) => readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  readonly cwd: string;
}

/** Resolves to what is wrong; undefined: nothing. */
export type Probe = (signal: AbortSignal) => Promise<string | undefined>;

export function probeOf(spec: ProbeSpec, target: ProbeTarget): Probe {
  return async (signal) => {
    try {
      await look(spec, target, signal);
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  };
}

async function look(spec: ProbeSpec, target: ProbeTarget, signal: AbortSignal): Promise<void> {
  if (spec.tcpSocket !== undefined) return tcp(spec.tcpSocket, target, signal);
  if (spec.httpGet !== undefined) return http(spec.httpGet, target, signal);
  return exec(spec.exec?.command ?? [], target, signal);
}

async function tcp(
  at: NonNullable<ProbeSpec["tcpSocket"]>,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<void> {
  const socket = connect({
    host: at.host ?? target.podIP,
    port: portOf(at.port, target.container),
    localAddress: target.nodeIP,
  });
  try {
    await once(socket, "connect", { signal });
  } finally {
    socket.destroy();
  }
}

async function http(
  at: NonNullable<ProbeSpec["httpGet"]>,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<void> {
  const host = at.host ?? target.podIP;
  const sent = request({
    host,
    port: portOf(at.port, target.container),
    path: at.path ?? "/",
    localAddress: target.nodeIP,
    headers: Object.fromEntries((at.httpHeaders ?? []).map((h) => [h.name, h.value])),
    agent: false,
    signal,
  });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode >= 400) {
    throw new Error(`HTTP probe failed with statuscode: ${statusCode}`);
  }
}

async function exec(
  words: readonly string[],
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<void> {
  const [program, ...args] = target.command(words);
  if (program === undefined) throw new Error("the probe has no command");
  const child = spawn(program, args, {
    cwd: target.cwd,
    env: Object.fromEntries(target.environment),
    stdio: "ignore",
    signal,
    killSignal: "SIGKILL",
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`command "${words.join(" ")}" exited with ${code ?? "a signal"}`);
}

function portOf(port: number | string, container: ContainerSpec): number {
  const found = container.ports?.find((p) => p.name === port)?.containerPort ?? Number(port);
  if (Number.isInteger(found)) return found;
  throw new Error(`container ${container.name} has no port called ${port}`);
}
