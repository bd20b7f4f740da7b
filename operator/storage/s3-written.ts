// What an object is besides its bytes: storage class, encryption at rest, tags. S3 takes it where an
// object begins (put, begin of an upload, copy) and refuses it with a part. What would surprise: a copy
// takes neither storage class nor encryption from its source, so every copy says them again.
import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import { TerminalError } from "../errors.ts";
import type { S3Encryption, S3Settings } from "./s3-settings.ts";

/** Fields of the client's inputs. */
export type WrittenAs = Partial<
  Pick<
    PutObjectCommandInput,
    "StorageClass" | "ServerSideEncryption" | "SSEKMSKeyId" | "BucketKeyEnabled" | "Tagging"
  >
>;

/** What is in these classes must be asked for, and waited for, before it can be read or renamed. */
const ARCHIVES: ReadonlySet<string> = new Set(["GLACIER", "DEEP_ARCHIVE"]);

/** Throws {@link TerminalError} for what no backup could be made or restored with. */
export function writtenAs({ storageClass, encryption, tags }: S3Settings): WrittenAs {
  if (storageClass !== undefined && ARCHIVES.has(storageClass)) {
    throw new TerminalError(
      "WrongConfiguration",
      `objects of the storage class ${storageClass} cannot be read at once, so neither renamed nor restored: use GLACIER_IR, or move them later by a rule of the bucket`,
    );
  }
  return {
    ...(storageClass === undefined
      ? {}
      : { StorageClass: storageClass as NonNullable<WrittenAs["StorageClass"]> }),
    ...(encryption === undefined ? {} : encryptedAs(encryption)),
    ...(tags === undefined || Object.keys(tags).length === 0 ? {} : { Tagging: queryOf(tags) }),
  };
}

/** The same for a copy, which would else have the tags of its source. */
export function copiedAs(
  written: WrittenAs,
): WrittenAs & { readonly TaggingDirective?: "REPLACE" } {
  return written.Tagging === undefined ? written : { ...written, TaggingDirective: "REPLACE" };
}

/** Rights beside those of writing, as the end of an advice. */
export function neededFor({ Tagging, ServerSideEncryption }: WrittenAs): string {
  const tagging = Tagging === undefined ? "" : ", s3:PutObjectTagging there for s3.tags";
  const isKms = ServerSideEncryption?.startsWith("aws:kms") === true;
  return `${tagging}${isKms ? ", kms:GenerateDataKey and kms:Decrypt on the key of s3.encryption" : ""}`;
}

function encryptedAs({ algorithm, kmsKeyId, bucketKey }: S3Encryption): WrittenAs {
  return {
    ServerSideEncryption: algorithm,
    ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
    ...(bucketKey === undefined ? {} : { BucketKeyEnabled: bucketKey }),
  };
}

// A blank as %20: not every store takes the plus of forms for one.
function queryOf(tags: Readonly<Record<string, string>>): string {
  return new URLSearchParams(tags).toString().replaceAll("+", "%20");
}
