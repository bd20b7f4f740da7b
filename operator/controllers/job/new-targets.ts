// The last look before a RESTORE is sent: between the plan's look at the tables and now somebody may have made one of
// the targets, and StarRocks overwrites what fits.
import type { Frontend } from "../../starrocks/frontend.ts";
import { frontendSeen } from "./look.ts";
import type { Seen, SubmitRequest } from "./model.ts";

/** Targets that are there now and were not when it was planned. */
export async function newTargets(
  frontend: Frontend,
  seen: Seen,
  request: SubmitRequest,
): Promise<readonly string[]> {
  if (request.kind === "backup") return [];
  const known = namesOf(frontendSeen(seen)?.tables);
  const now = namesOf(await frontend.tables(request.database));
  return request.tables
    .map(({ name, as = name }) => as)
    .filter((target) => now.has(target) && !known.has(target));
}

function namesOf(tables: readonly { readonly name: string }[] = []): ReadonlySet<string> {
  return new Set(tables.map(({ name }) => name));
}
