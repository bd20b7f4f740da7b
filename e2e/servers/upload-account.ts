// An account of multipart uploads, kept by watching what passes: which were begun and neither completed
// nor aborted. It answers two questions: whether a test left one open, and ListMultipartUploads for a
// server that does not know that call.
import type { S3Request } from "./s3-request.ts";

export interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedMs: number;
}

const PAGE = 1000;

export class UploadAccount {
  readonly #open = new Map<string, OpenUpload>();

  /** Takes note of an answer that the server gave. */
  watch(request: S3Request, status: number, body: string): void {
    if (status >= 300 || body.includes("<Error>")) return;
    const { operation, key, query } = request;
    if (operation === "CreateMultipartUpload") {
      const uploadId = /<UploadId>([^<]+)<\/UploadId>/.exec(body)?.[1] ?? "";
      this.#open.set(uploadId, { key, uploadId, initiatedMs: Date.now() });
    } else if (operation !== "ListMultipartUploads") {
      this.#open.delete(query.get("uploadId") ?? "");
    }
  }

  /** Uploads that are open now, in the order S3 lists them: by key, then by age. */
  open(): OpenUpload[] {
    return [...this.#open.values()].sort(
      (a, b) =>
        Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.initiatedMs - b.initiatedMs,
    );
  }

  /** The answer to ListMultipartUploads, a page of it. */
  listing({ bucket, query }: S3Request): string {
    const prefix = query.get("prefix") ?? "";
    const marker = query.get("key-marker");
    const idMarker = query.get("upload-id-marker");
    const most = Math.min(Number(query.get("max-uploads") ?? PAGE), PAGE);
    const all = this.open().filter((upload) => upload.key.startsWith(prefix));
    const from = marker === null ? 0 : firstAfter(all, marker, idMarker);
    const page = all.slice(from, from + most);
    const last = page.at(-1);
    const truncated = from + most < all.length && last !== undefined;
    return [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
      `<Bucket>${escapeXml(bucket)}</Bucket><Prefix>${escapeXml(prefix)}</Prefix>`,
      `<MaxUploads>${most}</MaxUploads><IsTruncated>${truncated}</IsTruncated>`,
      truncated ? `<NextKeyMarker>${escapeXml(last.key)}</NextKeyMarker>` : "",
      truncated ? `<NextUploadIdMarker>${escapeXml(last.uploadId)}</NextUploadIdMarker>` : "",
      ...page.map(row),
      "</ListMultipartUploadsResult>",
    ].join("");
  }
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function firstAfter(all: readonly OpenUpload[], key: string, uploadId: string | null): number {
  const exact = all.findIndex((upload) => upload.key === key && upload.uploadId === uploadId);
  if (exact >= 0) return exact + 1;
  const marker = Buffer.from(key);
  const later = all.findIndex((upload) => Buffer.compare(Buffer.from(upload.key), marker) > 0);
  return later < 0 ? all.length : later;
}

function row({ key, uploadId, initiatedMs }: OpenUpload): string {
  const initiated = new Date(initiatedMs).toISOString();
  return (
    `<Upload><Key>${escapeXml(key)}</Key><UploadId>${escapeXml(uploadId)}</UploadId>` +
    `<Initiated>${initiated}</Initiated></Upload>`
  );
}
