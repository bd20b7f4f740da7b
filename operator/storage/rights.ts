// Which right of a store a call of the storage contract needs, in the words of that store's own console,
// so that a person can grant it without knowing what the agent does. All of them together stand in
// docs/spec/repository.md.
import type { StoreKind } from "./store-kind.ts";

type Call =
  | "put"
  | "upload"
  | "upload.abort"
  | "abortUpload"
  | "listUploads"
  | "read"
  | "stat"
  | "list"
  | "copy"
  | "move"
  | "delete"
  | "deleteMany"
  | "removeEmptyFolders";

type Rights = Readonly<Record<Call, string>>;

const S3_WRITE = "s3:PutObject";
// Without s3:ListBucket S3 answers 403 for an object that is not there.
const S3_READ = "s3:GetObject and s3:ListBucket";

const S3: Rights = {
  put: S3_WRITE,
  upload: S3_WRITE,
  "upload.abort": "s3:AbortMultipartUpload",
  abortUpload: "s3:AbortMultipartUpload",
  listUploads: "s3:ListBucketMultipartUploads",
  read: S3_READ,
  stat: S3_READ,
  list: "s3:ListBucket",
  copy: "s3:GetObject and s3:PutObject",
  move: "s3:GetObject, s3:PutObject and s3:DeleteObject",
  delete: "s3:DeleteObject",
  deleteMany: "s3:DeleteObject",
  removeEmptyFolders: "s3:DeleteObject",
};

const withRole = (rights: string, role: string): string => `${rights} (as in the role ${role})`;
const gcsWrites = (rights: string): string => withRole(rights, "roles/storage.objectUser");
const gcsReads = (rights: string): string => withRole(rights, "roles/storage.objectViewer");

// To replace an object is to delete the old one.
const GCS_WRITE = gcsWrites("storage.objects.create and storage.objects.delete");

const GCS: Rights = {
  put: GCS_WRITE,
  upload: GCS_WRITE,
  "upload.abort": gcsWrites("storage.objects.create"),
  abortUpload: gcsWrites("storage.objects.create"),
  listUploads: gcsReads("storage.objects.list"),
  read: gcsReads("storage.objects.get"),
  stat: gcsReads("storage.objects.get"),
  list: gcsReads("storage.objects.list"),
  copy: gcsWrites("storage.objects.get, storage.objects.create and storage.objects.delete"),
  move: gcsWrites("storage.objects.get, storage.objects.create and storage.objects.delete"),
  delete: gcsWrites("storage.objects.delete"),
  deleteMany: gcsWrites("storage.objects.delete"),
  removeEmptyFolders: gcsWrites("storage.objects.delete"),
};

const HDFS_WRITE =
  "write and execute permission on its folder, and execute permission on those above (hdfs dfs -chown, -chmod or -setfacl)";
const HDFS_READ =
  "read permission on it, and execute permission on the folders above (hdfs dfs -chmod or -setfacl)";

const HDFS: Rights = {
  put: HDFS_WRITE,
  upload: HDFS_WRITE,
  "upload.abort": HDFS_WRITE,
  abortUpload: HDFS_WRITE,
  listUploads: HDFS_READ,
  read: HDFS_READ,
  stat: HDFS_READ,
  list: HDFS_READ,
  copy: HDFS_WRITE,
  move: HDFS_WRITE,
  delete: HDFS_WRITE,
  deleteMany: HDFS_WRITE,
  removeEmptyFolders: HDFS_WRITE,
};

const RIGHTS: Readonly<Record<StoreKind, Rights>> = { s3: S3, gcs: GCS, hdfs: HDFS };

/** Rights for a call, as `StorageErrorDetail.operation` names it. */
export function rightFor(store: StoreKind, operation: string): string {
  const rights: Readonly<Record<string, string>> = RIGHTS[store];
  // A part of a call has the rights of the whole: `upload.part`, `read.body`.
  return rights[operation] ?? rights[operation.split(".")[0] ?? ""] ?? `the right to ${operation}`;
}
