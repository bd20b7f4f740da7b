// S3 as the harming proxy knows it. It keeps account of every multipart upload that passes (upload-account.ts); because
// fauxqs does not know ListMultipartUploads, it can answer that call from the account. Host headers pass as
// they came, so that signatures stay valid.
import type { Answer, Dialect } from "./dialect.ts";
import { readS3Request, type S3Request } from "./s3-request.ts";
import { UploadAccount, escapeXml } from "./upload-account.ts";

export class S3Dialect implements Dialect<S3Request> {
  readonly keepsHost = true;
  readonly internal = { status: 500, code: "InternalError" };
  readonly account = new UploadAccount();
  readonly read = readS3Request;
  readonly #answersListings: boolean;

  constructor(answersListings: boolean) {
    this.#answersListings = answersListings;
  }

  error(_status: number, code: string): { readonly type: string; readonly body: string } {
    const body =
      '<?xml version="1.0" encoding="UTF-8"?>' +
      `<Error><Code>${escapeXml(code)}</Code><Message>on purpose</Message>` +
      "<RequestId>proxy-1</RequestId></Error>";
    return { type: "application/xml", body };
  }

  watches({ kind }: S3Request): boolean {
    return kind === "begin" || kind === "complete" || kind === "abort";
  }

  async see(request: S3Request, answer: Answer): Promise<Answer> {
    this.account.watch(request, answer.status, answer.body.toString());
    return answer;
  }

  answerFor(request: S3Request): string | undefined {
    const isOurs = this.#answersListings && request.kind === "listUploads";
    return isOurs ? this.account.listing(request) : undefined;
  }

  withoutRows(body: string, keys: readonly string[]): string {
    return body.replaceAll(/<(Contents|CommonPrefixes)>.*?<\/\1>/gs, (row) =>
      keys.some((key) => row.includes(escapeXml(key))) ? "" : row,
    );
  }
}
