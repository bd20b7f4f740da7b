// Ways in which a store fails, and what a command may come to then.
import type { Harm } from "../servers/fault-script.ts";
import type { S3Operation } from "../servers/s3-request.ts";

export interface Fault {
  readonly name: string;
  readonly harm: Harm;
  /** Tried again, it passes; else only a person can help. */
  readonly heals: boolean;
  /** What the last word must contain when it does not end. */
  readonly told: RegExp;
  readonly reason?: string;
  /** Also done for ever: one for each way of failing that the driver tells apart. */
  readonly stays?: true;
  /** The command cannot know that it is the way and not the store: what never passes counts as damage. */
  readonly lies?: true;
  /** Absent: it can be done to any request. */
  readonly only?: readonly S3Operation[];
}

const refuse = (status: number, code: string, headers?: Record<string, string>): Harm => ({
  do: "refuse",
  status,
  code,
  ...(headers === undefined ? {} : { headers }),
});

const WITH_BODY: readonly S3Operation[] = ["GetObject", "ListObjectsV2", "ListMultipartUploads"];
const WRITES: readonly S3Operation[] = [
  "PutObject",
  "CopyObject",
  "UploadPartCopy",
  "CreateMultipartUpload",
  "UploadPart",
  "CompleteMultipartUpload",
];
const ROOM = /make room/;

export const FAULTS: readonly Fault[] = [
  { ...passing("500", refuse(500, "InternalError")), stays: true },
  { ...passing("503 SlowDown", refuse(503, "SlowDown", { "retry-after": "0" })), stays: true },
  passing("429", refuse(429, "TooManyRequests")),
  passing("a load balancer's page", { do: "page", status: 502 }),
  { ...passing("a reset before it is done", { do: "resetUp", afterBytes: 0 }), stays: true },
  passing("a reset in the body", { do: "resetUp", afterBytes: 40 }, ["PutObject", "UploadPart"]),
  passing("a lost answer", { do: "loseAnswer", how: "reset" }),
  passing("an error for what was done", { do: "loseAnswer", how: "error" }),
  passing("a reset in the answer", { do: "cutDown", how: "reset", afterBytes: 5 }, WITH_BODY),
  passing("a truncated answer", { do: "cutDown", how: "end", afterBytes: 5 }, WITH_BODY),
  passing("an error in a good answer", { do: "errorInside", code: "InternalError" }, [
    "CompleteMultipartUpload",
    "CopyObject",
    "UploadPartCopy",
  ]),
  passing("slowness", { do: "wait", beforeMs: 20, afterMs: 20 }),
  passing("a wrong checksum", refuse(400, "BadDigest"), ["PutObject", "UploadPart"]),
  {
    name: "flipped bits",
    harm: { do: "damageDown" },
    heals: true,
    told: /\S/,
    only: ["GetObject"],
    stays: true,
    lies: true,
  },
  standing("no right", refuse(403, "AccessDenied"), /grant .*s3:/, { reason: "AccessDenied" }),
  standing("an expired token", refuse(400, "ExpiredToken"), /expired.*renew it/, {
    reason: "CredentialsExpired",
  }),
  standing("a full store", refuse(507, "XMinioStorageFull"), ROOM, FULL()),
  standing("a full bucket", refuse(403, "QuotaExceeded"), ROOM, FULL()),
  standing("no room behind a proxy", { do: "page", status: 507 }, ROOM, FULL()),
];

function FULL() {
  return { reason: "StorageFull", only: WRITES };
}

function passing(name: string, harm: Harm, only?: readonly S3Operation[]): Fault {
  const told = /\S/;
  return { name, harm, heals: true, told, ...(only === undefined ? {} : { only }) };
}

function standing(
  name: string,
  harm: Harm,
  told: RegExp,
  more: { readonly reason: string; readonly only?: readonly S3Operation[] },
): Fault {
  return { name, harm, heals: false, told, ...more };
}

export function canSuffer(operation: S3Operation, { only }: Fault): boolean {
  return only === undefined || only.includes(operation);
}
