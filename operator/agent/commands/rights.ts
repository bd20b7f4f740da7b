// Which right of a store a call of the storage contract needs, in the words of that store's own console,
// so that a person can grant it without knowing what the agent does.

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
  | "deleteMany";

const S3: Readonly<Record<Call, string>> = {
  put: "s3:PutObject",
  upload: "s3:PutObject",
  "upload.abort": "s3:AbortMultipartUpload",
  abortUpload: "s3:AbortMultipartUpload",
  listUploads: "s3:ListBucketMultipartUploads",
  read: "s3:GetObject",
  // Without s3:ListBucket S3 answers 403 for an object that is not there.
  stat: "s3:GetObject and s3:ListBucket",
  list: "s3:ListBucket",
  copy: "s3:GetObject and s3:PutObject",
  move: "s3:GetObject, s3:PutObject and s3:DeleteObject",
  delete: "s3:DeleteObject",
  deleteMany: "s3:DeleteObject",
};

const GCS: Readonly<Record<Call, string>> = {
  put: "storage.objects.create and storage.objects.delete",
  upload: "storage.objects.create and storage.objects.delete",
  "upload.abort": "storage.objects.create",
  abortUpload: "storage.multipartUploads.abort",
  listUploads: "storage.multipartUploads.list",
  read: "storage.objects.get",
  stat: "storage.objects.get",
  list: "storage.objects.list",
  copy: "storage.objects.get and storage.objects.create",
  move: "storage.objects.get, storage.objects.create and storage.objects.delete",
  delete: "storage.objects.delete",
  deleteMany: "storage.objects.delete",
};

const HDFS_WRITE = "write and execute permission on the folder";
const HDFS_READ = "read and execute permission on the folder";

const HDFS: Readonly<Record<Call, string>> = {
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
};

/** Rights of the store at `location` for a call, as `StorageErrorDetail.operation` names it. */
export function rightFor(location: string, operation: string): string {
  const rights = rightsOf(location);
  const exact = rights[operation as Call] as string | undefined;
  // A part of a call has the rights of the whole: `upload.part`, `read.body`.
  return exact ?? rights[operation.split(".")[0] as Call] ?? `the right to ${operation}`;
}

function rightsOf(location: string): Readonly<Record<Call, string>> {
  if (location.startsWith("gs://")) return GCS;
  return /^(web)?hdfs:\/\//.test(location) ? HDFS : S3;
}
