// Resumable uploads as Google documents them, held in memory until they are whole: multiples of 256 KiB in order, how
// much has arrived, cancelling, an end that is compared with the checksum it names. Of a chunk that breaks off, the
// multiples that came are kept, as Google may do. Stricter than Google: bytes that are there already are refused.
import { CRC32C } from "@google-cloud/storage";
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface Finished {
  readonly status: number;
  readonly text: string;
}

export interface SessionAnswer {
  readonly status: number;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Session {
  readonly key: string;
  /** What the object will be beside its content. */
  readonly about: string;
  /** What has arrived, in order. */
  readonly pieces: Buffer[];
  size: number;
  done?: SessionAnswer;
}

const UNIT = 256 * 1024;
const GONE: SessionAnswer = { status: 404, text: "Not Found" };

export class GcsSessions {
  readonly #sessions = new Map<string, Session>();
  /** Writes a whole object to the server behind. */
  readonly #store: (about: string, body: Buffer) => Promise<Finished>;

  constructor(store: (about: string, body: Buffer) => Promise<Finished>) {
    this.#store = store;
  }

  /** Keys of what was begun and neither completed nor cancelled. */
  open(): string[] {
    return [...this.#sessions.values()].filter(({ done }) => !done).map(({ key }) => key);
  }

  /** `about`: JSON of what the object will be beside its content. */
  begin(key: string, about: string): string {
    const id = randomUUID();
    const whole = JSON.stringify({ ...(JSON.parse(about) as object), name: key });
    this.#sessions.set(id, { key, about: whole, pieces: [], size: 0 });
    return id;
  }

  cancel(id: string): SessionAnswer {
    const session = this.#sessions.get(id);
    if (session?.done !== undefined) return GONE;
    return this.#sessions.delete(id) ? { status: 499 } : GONE;
  }

  async put(id: string, request: IncomingMessage): Promise<SessionAnswer> {
    const session = this.#sessions.get(id);
    const range = request.headers["content-range"] ?? "";
    const body = await this.#receive(session, request);
    if (session === undefined) return GONE;
    if (session.done !== undefined) return session.done;
    const [, span = "", total = ""] = /^bytes ([\d-]+|\*)\/(\d+|\*)$/.exec(range) ?? [];
    const refusal = this.#refusal(session, { span, total, body });
    if (refusal !== undefined) return { status: 400, text: refusal };
    keep(session, body);
    if (total === "*") return received(session);
    return this.#finish(session, String(request.headers["x-goog-hash"] ?? ""));
  }

  async #receive(session: Session | undefined, request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch (error) {
      const came = Buffer.concat(chunks);
      const kept = came.subarray(0, came.length - (came.length % UNIT));
      if (session !== undefined) keep(session, kept);
      throw error;
    }
    return Buffer.concat(chunks);
  }

  #refusal(
    { size }: Session,
    { span, total, body }: { readonly span: string; readonly total: string; readonly body: Buffer },
  ): string | undefined {
    if (span === "" || total === "") return "no Content-Range";
    if (span === "*") return body.length > 0 ? "bytes without a range" : undefined;
    const [first, last] = span.split("-").map(Number);
    if (first !== size) return `there are ${size} bytes, not ${first}`;
    if (last !== size + body.length - 1) return `range ${span} with ${body.length} bytes`;
    return total === "*" && body.length % UNIT !== 0 ? "no multiple of 256 KiB" : undefined;
  }

  async #finish(session: Session, hash: string): Promise<SessionAnswer> {
    const [, wanted] = /crc32c=([^,]+)/.exec(hash) ?? [];
    const crc = new CRC32C();
    for (const piece of session.pieces) crc.update(piece);
    if (wanted !== undefined && wanted !== crc.toString()) {
      return { status: 400, text: `Provided CRC32C "${wanted}" doesn't match "${crc.toString()}"` };
    }
    session.done = await this.#store(session.about, Buffer.concat(session.pieces));
    session.pieces.splice(0);
    return session.done;
  }
}

function keep(session: Session, piece: Buffer): void {
  session.pieces.push(piece);
  session.size += piece.length;
}

function received({ size }: Session): SessionAnswer {
  const headers = size === 0 ? {} : { range: `bytes=0-${size - 1}` };
  return { status: 308, headers };
}
