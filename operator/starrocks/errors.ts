// What StarRocks' words mean: a refused statement, the end of a job, the error of a task. The tables are in
// refusals.ts and job-ends.ts; matching texts happens here and nowhere else. StarRocks' own text always reaches
// the person, followed by what can be done; no secret passes: known values are cut out first.
import { redact } from "../log.ts";
import { FrontendError, type FrontendReason, type JobRow } from "./frontend.ts";
import { JOB_END_CAUSES, TASK_HINTS, type JobEndReason } from "./job-ends.ts";
import { REFUSALS, type Repeat } from "./refusals.ts";

export interface Verdict {
  /** `AlreadySo`: what was asked for is the case. */
  readonly reason: FrontendReason | "AlreadySo";
  readonly heals: boolean;
  readonly repeat: Repeat;
  /** What a person, or the caller, can do. */
  readonly advice: string;
  /** A row of the table fits. */
  readonly isKnown: boolean;
}

/** What the FE's text means; `user` is whom a GRANT is for. An unknown text is `StatementFailed`, which heals. */
export function classify(text: string, user: string): Verdict {
  const found = REFUSALS.find((r) => r.text.test(text));
  if (found === undefined) {
    const advice = "fe.log of the leader may tell more";
    return { reason: "StatementFailed", heals: true, repeat: "no", advice, isKnown: false };
  }
  const { reason, heals = false, repeat = "no" } = found;
  const advice = typeof found.advice === "string" ? found.advice : found.advice(text, user);
  return { reason, heals, repeat, advice, isKnown: true };
}

/**
 * Whether the text may mean that an FE handed the statement on (it lost the lead just now) and the answer was lost.
 * Known texts are the leader's own.
 */
export function isLostOnTheWay(text: string, verdict: Verdict): boolean {
  return !verdict.isKnown && /TTransportException|SocketTimeout|timed out|forward/i.test(text);
}

/** The error of a refused statement. `what` names the statement and its object: `BACKUP of database shop`. */
export function refusedError(what: string, said: string, verdict: Verdict): FrontendError {
  const reason = verdict.reason === "AlreadySo" ? "StatementFailed" : verdict.reason;
  return new FrontendError(reason, verdict.heals, `${what}: ${said}; ${verdict.advice}`);
}

export interface JobEnd {
  readonly reason: JobEndReason;
  /** Another attempt, unchanged but for its label, may go well. */
  readonly heals: boolean;
  /** StarRocks' text and what can be done. */
  readonly message: string;
}

/** Why a CANCELLED job ended. An unknown text is `JobFailed`, which may heal. */
export function classifyJobEnd({
  statusCode,
  statusText,
}: Pick<JobRow, "statusCode" | "statusText">): JobEnd {
  const text = `${statusCode} ${statusText}`;
  const said = tidy(statusText) || statusCode || "StarRocks gave no reason";
  const found = JOB_END_CAUSES.find((c) => c.text.test(text));
  if (found === undefined) {
    const message = `${said}; fe.log of the leader may tell more`;
    return { reason: "JobFailed", heals: true, message };
  }
  const { reason, heals = false, advice } = found;
  return { reason, heals, message: `${said}; ${advice}` };
}

/** A task's error as a sentence, with a hint where the text is known. Tasks are repeated for ever (§2.4). */
export function explainTaskError(text: string): string {
  const hint = TASK_HINTS.find(([pattern]) => pattern.test(text))?.[1];
  return hint === undefined ? tidy(text) : `${tidy(text)} (${hint})`;
}

/** Of many tasks that fail for one known cause the first speaks. */
export function explainTaskErrors(texts: readonly string[]): readonly string[] {
  const causes = new Map<unknown, string>();
  for (const text of texts) {
    const cause = TASK_HINTS.find(([pattern]) => pattern.test(text)) ?? tidy(text);
    if (!causes.has(cause)) causes.set(cause, explainTaskError(text));
  }
  return [...causes.values()];
}

const TEXT_LENGTH_MAX = 1_000;

/** The FE's text without its prefixes, on one line, not too long, and without what must not be shown. */
export function tidy(text: string, secrets: readonly string[] = []): string {
  let plain = text
    .replace(/^(?:Unexpected exception: |Getting \w+ error\b.*?Detail message: )/s, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  for (const secret of secrets) if (secret !== "") plain = plain.replaceAll(secret, "***");
  plain = redact(plain).replace(/\.$/, "");
  return plain.length > TEXT_LENGTH_MAX ? `${plain.slice(0, TEXT_LENGTH_MAX)}…` : plain;
}
