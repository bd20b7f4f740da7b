// GET …/pods/<name>/log. The lines come from whoever runs the pods; the server only asks.
import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import type { KubeObject } from "../object.ts";
import { listAt, textAt } from "../object.ts";
import type { StatusError } from "../status.ts";
import { badRequest } from "../status.ts";

export interface PodLogOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly sinceSeconds?: number;
  readonly sinceTime?: string;
}

/** The log of one container as asked for, cut and stamped already; undefined: there is none (yet). */
export type PodLogs = (
  namespace: string,
  name: string,
  options: PodLogOptions,
) => AsyncIterable<Buffer> | undefined;

export function readLogOptions(pod: KubeObject, query: URLSearchParams): PodLogOptions {
  return {
    container: containerOf(pod, query.get("container")),
    follow: query.get("follow") === "true",
    previous: query.get("previous") === "true",
    timestamps: query.get("timestamps") === "true",
    ...number("tailLines", query),
    ...number("limitBytes", query),
    ...number("sinceSeconds", query),
    ...(query.has("sinceTime") ? { sinceTime: query.get("sinceTime") ?? "" } : {}),
  };
}

function number(name: string, query: URLSearchParams): object {
  const text = query.get(name);
  if (text === null) return {};
  if (!/^\d+$/.test(text)) throw badRequest(`invalid ${name} "${text}": must be a number`);
  return { [name]: Number(text) };
}

function containerOf(pod: KubeObject, asked: string | null): string {
  const { name } = pod.metadata;
  const all = [...listAt(pod, "spec", "initContainers"), ...listAt(pod, "spec", "containers")];
  const names = all.map((container) => textAt(container, "name") ?? "");
  const own = listAt(pod, "spec", "containers").map((c) => textAt(c, "name") ?? "");
  if (asked !== null && asked !== "") {
    if (names.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only = "", ...others] = own;
  if (others.length === 0) return only;
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${names.join(" ")}]`,
  );
}

/** Streams it; a client that goes away ends it. */
export async function servePodLog(
  logs: PodLogs | undefined,
  pod: KubeObject,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const options = readLogOptions(pod, query);
  if ((textAt(pod, "spec", "nodeName") ?? "") === "") {
    throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  }
  const lines = logs?.(pod.metadata.namespace ?? "", pod.metadata.name, options);
  if (lines === undefined) throw noLog(pod, options);
  response.writeHead(200, { "content-type": "text/plain" });
  response.flushHeaders();
  await pipeline(Readable.from(lines), response).catch(() => response.destroy());
}

function noLog(pod: KubeObject, { container, previous }: PodLogOptions): StatusError {
  const { name } = pod.metadata;
  const all = listAt(pod, "status", "containerStatuses");
  const status = all.find((one) => textAt(one, "name") === container);
  const reason = textAt(status, "state", "waiting", "reason") ?? "ContainerCreating";
  if (previous) {
    return badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
  }
  return badRequest(`container "${container}" in pod "${name}" is waiting to start: ${reason}`);
}
