// An API server with our CRDs, real or embedded, and plain questions to it: what a client library would hide is what
// these scenarios look at.
import { KubernetesClient } from "../../kubernetes/client.ts";

const REQUEST_MAX_MS = 60_000;

export const MEDIA = {
  json: "application/json",
  merge: "application/merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

export interface Question {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly contentType?: (typeof MEDIA)[keyof typeof MEDIA];
  readonly accept?: string;
}

/** As much of a `Status` as is looked at; of an accepted object there is none. */
export interface Refusal {
  readonly message: string;
  readonly reason: string;
  readonly causes: readonly { readonly field: string; readonly message: string }[];
}

export interface Answer {
  readonly status: number;
  readonly object: Readonly<Record<string, unknown>>;
  /** Undefined: it was accepted. */
  readonly refusal: Refusal | undefined;
}

interface StatusBody {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly Partial<Refusal["causes"][number]>[] };
}

/** Plain HTTP: of a real server through a relay. */
export class AskedApi {
  readonly url: string;
  readonly client: KubernetesClient;

  constructor(url: string) {
    this.url = url;
    this.client = new KubernetesClient(url);
  }

  async ask(path: string, question: Question = {}): Promise<Answer> {
    const { method = "GET", body, contentType = MEDIA.json, accept = MEDIA.json } = question;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { "content-type": contentType, accept },
      signal: AbortSignal.timeout(REQUEST_MAX_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const object = (await response.json()) as Readonly<Record<string, unknown>>;
    const { status } = response;
    return { status, object, refusal: response.ok ? undefined : refusalOf(object) };
  }

  async makeNamespace(name: string): Promise<void> {
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    const { status, refusal } = await this.ask("/api/v1/namespaces", { method: "POST", body });
    if (status !== 201) throw new Error(`namespace ${name}: ${refusal?.message}`);
  }
}

function refusalOf({ message = "", reason = "", details }: StatusBody): Refusal {
  const causes = (details?.causes ?? []).map((one) => ({
    field: one.field ?? "",
    message: one.message ?? "",
  }));
  return { message, reason, causes };
}
