// WebHDFS as the harming proxy knows it. A NameNode says in its answer which DataNode has or takes the bytes: that
// address is led back through the proxy too. What goes to a DataNode has operations of its own.
import type { Answer, Dialect, RequestKind, StoreRequest, Through } from "./dialect.ts";
import { readHdfsRequest } from "./hdfs-request.ts";

const KINDS = {
  CREATE: "other",
  "CREATE of bytes": "put",
  APPEND: "other",
  "APPEND of bytes": "part",
  TRUNCATE: "part",
  // The end of a put, of an upload and of a move alike.
  RENAME: "complete",
  OPEN: "other",
  "OPEN of bytes": "read",
  GETFILESTATUS: "stat",
  LISTSTATUS_BATCH: "list",
  LISTSTATUS: "list",
  MKDIRS: "other",
  DELETE: "delete",
} as const satisfies Record<string, RequestKind>;

export type HdfsOperation = keyof typeof KINDS | "Other";

export interface HdfsFaultRequest extends StoreRequest {
  readonly operation: HdfsOperation;
}

export class HdfsDialect implements Dialect<HdfsFaultRequest> {
  readonly keepsHost = false;
  /** A NameNode puts most of its exceptions into 403. */
  readonly internal = { status: 403, code: "RetriableException" };

  read(request: Parameters<typeof readHdfsRequest>[0]): HdfsFaultRequest {
    const { operation: asked, role, path, user } = readHdfsRequest(request);
    const name = role === "dataNode" ? `${asked} of bytes` : asked;
    const about = { key: path, signer: user };
    if (!(name in KINDS)) return { ...about, operation: "Other", kind: "other" };
    const operation = name as keyof typeof KINDS;
    return { ...about, operation, kind: KINDS[operation] };
  }

  /** `code` is the name of an exception. */
  error(_status: number, code: string): { readonly type: string; readonly body: string } {
    const javaClassName = `org.apache.hadoop.${code}`;
    const RemoteException = { exception: code, javaClassName, message: "on purpose" };
    return { type: "application/json", body: JSON.stringify({ RemoteException }) };
  }

  watches({ operation }: HdfsFaultRequest): boolean {
    return ["CREATE", "APPEND", "OPEN"].includes(operation);
  }

  async see(_request: HdfsFaultRequest, answer: Answer, through: Through): Promise<Answer> {
    if (answer.status !== 200) return answer;
    const { Location } = JSON.parse(answer.body.toString()) as { readonly Location?: string };
    if (Location === undefined) return answer;
    return { ...answer, body: Buffer.from(JSON.stringify({ Location: await through(Location) })) };
  }

  withoutRows(body: string, keys: readonly string[]): string {
    const value = JSON.parse(body) as unknown;
    return JSON.stringify(value, (_name, inner: unknown) =>
      Array.isArray(inner) ? inner.filter((row) => !isHidden(row, keys)) : inner,
    );
  }
}

function isHidden(row: unknown, keys: readonly string[]): boolean {
  const { pathSuffix = "" } = row as { readonly pathSuffix?: string };
  return keys.some((key) => pathSuffix.includes(key));
}
