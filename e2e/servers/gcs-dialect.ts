// Google Cloud Storage as the harming proxy knows it. Its uploads it watches not: the front (gcs-front.ts) knows them.
import type { Answer, Dialect } from "./dialect.ts";
import type { GcsRequest } from "./gcs-request.ts";
import { readGcsRequest } from "./gcs-request.ts";

interface Listing {
  readonly items?: readonly { readonly name: string }[];
  readonly prefixes?: readonly string[];
}

export class GcsDialect implements Dialect<GcsRequest> {
  readonly keepsHost = false;
  readonly internal = { status: 500, code: "backendError" };
  readonly read = readGcsRequest;

  /** `code` is Google's `reason`, such as `backendError`. */
  error(status: number, code: string): { readonly type: string; readonly body: string } {
    const message = "on purpose";
    const errors = [{ domain: "global", reason: code, message }];
    const body = JSON.stringify({ error: { code: status, message, errors } });
    return { type: "application/json; charset=UTF-8", body };
  }

  watches(): boolean {
    return false;
  }

  async see(_request: GcsRequest, answer: Answer): Promise<Answer> {
    return answer;
  }

  withoutRows(body: string, keys: readonly string[]): string {
    const { items = [], prefixes = [], ...rest } = JSON.parse(body) as Listing;
    const stays = (name: string) => !keys.some((key) => name.includes(key));
    return JSON.stringify({
      ...rest,
      items: items.filter(({ name }) => stays(name)),
      prefixes: prefixes.filter(stays),
    });
  }
}
