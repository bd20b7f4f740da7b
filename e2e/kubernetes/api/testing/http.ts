// Talking to an API server in a test, by plain fetch.
import type { Fields } from "../object.ts";

export interface Answer {
  readonly code: number;
  readonly body: Fields;
  readonly warning: string | null;
}

export interface Caller {
  readonly call: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
  readonly patch: (path: string, body: unknown, contentType: string) => Promise<Answer>;
}

export const MAPS = "/api/v1/namespaces/default/configmaps";
export const THINGS = "/apis/example.com/v1/namespaces/default/things";

/** Calls whatever server `url` names at that moment; each call ends within 30 s. */
export function caller(url: () => string): Caller {
  const call: Caller["call"] = async (method, path, body, headers = {}) => {
    const response = await fetch(url() + path, {
      method,
      headers: { "content-type": "application/json", "user-agent": "tester/1", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const answer = (await response.json()) as Fields;
    return { code: response.status, body: answer, warning: response.headers.get("warning") };
  };
  return { call, patch: (path, body, type) => call("PATCH", path, body, { "content-type": type }) };
}
