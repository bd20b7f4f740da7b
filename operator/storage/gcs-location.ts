// Where a repository in Google Cloud Storage lies.
import { TerminalError } from "../errors.ts";

export interface GcsLocation {
  readonly bucket: string;
  /** What every key begins with: empty, or segments with a slash after each. */
  readonly prefix: string;
}

const SHAPE = /^gs:\/\/([^/]*)(?:\/(.*))?$/;
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;

/** Reads `gs://bucket/prefix`. A wrong one is a `TerminalError` that says what to write. */
export function parseGcsLocation(location: string): GcsLocation {
  const [, bucket = "", path = ""] = SHAPE.exec(location) ?? refuse("does not begin with gs://");
  if (bucket.includes("@")) {
    refuse("carries credentials, which belong into the Secret that credentialsSecret names");
  }
  if (!BUCKET.test(bucket)) refuse(`has no usable bucket name (${JSON.stringify(bucket)})`);
  if (/[?#]/.test(path)) refuse("has a query or fragment (`?` or `#`)");
  const folders = path.replace(/\/+$/, "");
  if (folders === "") return { bucket, prefix: "" };
  if (folders.split("/").some((segment) => ["", ".", ".."].includes(segment))) {
    refuse("has an empty or relative segment (`//`, `.` or `..`) in its path");
  }
  return { bucket, prefix: `${folders}/` };
}

/** The location as logs and messages show it. */
export function formatGcsLocation({ bucket, prefix }: GcsLocation): string {
  return `gs://${bucket}/${prefix}`.replace(/\/$/, "");
}

// The location itself is not repeated: what is wrong in it may be a secret.
function refuse(what: string): never {
  throw new TerminalError(
    "InvalidLocation",
    `the location ${what}: write gs://<bucket> or gs://<bucket>/<folder>/<folder>`,
  );
}
