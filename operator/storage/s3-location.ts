// Where an S3 repository lies. Parsed by hand: URL parsers refuse bucket names with an underscore
// (StarRocks issue 54984) and rewrite what they do accept.
import { TerminalError } from "../errors.ts";

export interface S3Location {
  readonly bucket: string;
  /** What every key begins with: empty, or segments with a slash after each. */
  readonly prefix: string;
}

const SHAPE = /^s3a?:\/\/([^/]*)(?:\/(.*))?$/;
// Looser than what S3 lets one create today: old buckets and other stores have capitals and `_`.
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;

/** Reads `s3://bucket/prefix` (or `s3a://`). A wrong one is a `TerminalError` that says what to write. */
export function parseS3Location(location: string): S3Location {
  const [, bucket = "", path = ""] = SHAPE.exec(location) ?? refuse("does not begin with s3://");
  if (bucket.includes("@")) {
    refuse("carries credentials, which belong into the Secret that credentialsSecret names");
  }
  if (!BUCKET.test(bucket)) refuse(`has no usable bucket name (${JSON.stringify(bucket)})`);
  if (/[?#]/.test(path)) refuse("has a query or fragment (`?` or `#`)");
  const segments = path.replace(/\/+$/, "").split("/");
  if (segments.length === 1 && segments[0] === "") return { bucket, prefix: "" };
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
    refuse("has an empty or relative segment (`//`, `.` or `..`) in its path");
  }
  return { bucket, prefix: `${segments.join("/")}/` };
}

/** The location as logs and messages show it. */
export function formatS3Location({ bucket, prefix }: S3Location): string {
  return `s3://${bucket}/${prefix}`.replace(/\/$/, "");
}

// The location itself is not repeated: what is wrong in it may be a secret.
function refuse(what: string): never {
  throw new TerminalError(
    "InvalidLocation",
    `the location ${what}: write s3://<bucket> or s3://<bucket>/<folder>/<folder>`,
  );
}
