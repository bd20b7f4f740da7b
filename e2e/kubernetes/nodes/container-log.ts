// What a container printed: a file in the format that the kubelet reads (`<time> <stream> <F|P> <text>`; P
// goes on in the next line of its stream), of which only the end is kept. The container waits while a line
// is written, so nothing piles up here.
import { once } from "node:events";
import { appendFile, mkdir, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";

/** Between this and twice as much is kept. Bytes. */
const SEGMENT_BYTES = 2 * 1024 * 1024;
/** A longer line is written in parts. Bytes. */
const LINE_BYTES_MAX = 16 * 1024;
/** A follower that is this far behind is cut off. Lines. */
const FOLLOW_LINES_MAX = 10_000;

export interface LogQuery {
  readonly tailLines?: number | undefined;
  readonly limitBytes?: number | undefined;
  readonly sinceSeconds?: number | undefined;
  readonly sinceTime?: string | undefined;
  readonly timestamps?: boolean | undefined;
  readonly follow?: boolean | undefined;
}

interface Entry {
  readonly time: string;
  readonly stream: string;
  readonly partial: boolean;
  readonly text: string;
}

type Follower = (entry: Entry | undefined) => void;

export class ContainerLog {
  readonly #path: string;
  readonly #segmentBytes: number;
  readonly #followers = new Set<Follower>();
  #bytes = 0;
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, segmentBytes = SEGMENT_BYTES) {
    this.#path = path;
    this.#segmentBytes = segmentBytes;
  }

  /** Writes until the stream ends. Rejects when the file cannot be written. */
  async capture(name: "stdout" | "stderr", stream: Readable): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    let rest = Buffer.alloc(0);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const { lines, left } = splitLines(Buffer.concat([rest, chunk]));
      rest = left;
      await this.#append(name, lines);
    }
    if (rest.length > 0) await this.#append(name, [{ text: rest, partial: false }]);
  }

  /** Nothing comes any more: followers end. */
  async close(): Promise<void> {
    await this.#serially(async () => {
      this.#closed = true;
      for (const tell of this.#followers) tell(undefined);
    });
  }

  /** The whole of what is kept, without times. */
  async text(query: LogQuery = {}): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.read({ ...query, follow: false })) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  }

  async *read(query: LogQuery): AsyncIterable<Buffer> {
    const waiting: (Entry | undefined)[] = [];
    const more = new EventTarget();
    const tell: Follower = (entry) => {
      if (waiting.length > FOLLOW_LINES_MAX) this.#followers.delete(tell);
      waiting.push(waiting.length > FOLLOW_LINES_MAX ? undefined : entry);
      more.dispatchEvent(new Event("more"));
    };
    const kept = await this.#serially(async () => {
      if (query.follow === true && !this.#closed) this.#followers.add(tell);
      else waiting.push(undefined);
      return this.#kept();
    });
    const limit = new ByteLimit(query.limitBytes);
    try {
      yield limit.take(render(selectEntries(kept, query, Date.now()), query));
      for (;;) {
        if (waiting.length === 0) await once(more, "more");
        const next = waiting.splice(0);
        const entries = next.filter((entry) => entry !== undefined);
        yield limit.take(render(entries, query));
        if (limit.reached || next.length > entries.length) return;
      }
    } finally {
      this.#followers.delete(tell);
    }
  }

  #append(stream: string, lines: readonly Line[]): Promise<void> {
    return this.#serially(async () => {
      const time = new Date().toISOString();
      const entries = lines.map(({ text, partial }) => ({
        time,
        stream,
        partial,
        text: text.toString("utf8"),
      }));
      const bytes = Buffer.from(entries.map((e) => lineOf(e)).join(""));
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.#segmentBytes) {
        await rename(this.#path, `${this.#path}.old`);
        this.#bytes = 0;
      }
      await appendFile(this.#path, bytes);
      this.#bytes += bytes.length;
      for (const tell of this.#followers) for (const entry of entries) tell(entry);
    });
  }

  async #kept(): Promise<Entry[]> {
    const texts = await Promise.all(
      [`${this.#path}.old`, this.#path].map((path) => readFile(path, "utf8").catch(() => "")),
    );
    return texts.join("").split("\n").slice(0, -1).map(parseLine);
  }

  /** One after another: a reader sees whole lines, and none twice. */
  #serially<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

interface Line {
  readonly text: Buffer;
  readonly partial: boolean;
}

function splitLines(bytes: Buffer): { lines: Line[]; left: Buffer<ArrayBuffer> } {
  const lines: Line[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(10, at);
    const stop = end === -1 ? bytes.length : end;
    while (stop - at > LINE_BYTES_MAX) {
      lines.push({ text: bytes.subarray(at, at + LINE_BYTES_MAX), partial: true });
      at += LINE_BYTES_MAX;
    }
    if (end === -1) return { lines, left: Buffer.from(bytes.subarray(at)) };
    lines.push({ text: bytes.subarray(at, end), partial: false });
    at = end + 1;
  }
}

function lineOf({ time, stream, partial, text }: Entry): string {
  return `${time} ${stream} ${partial ? "P" : "F"} ${text}\n`;
}

function parseLine(line: string): Entry {
  const [time = "", stream = "", tag = ""] = line.split(" ", 3);
  const text = line.slice(time.length + stream.length + tag.length + 3);
  return { time, stream, partial: tag === "P", text };
}

function selectEntries(entries: readonly Entry[], query: LogQuery, now: number): readonly Entry[] {
  const since =
    query.sinceSeconds === undefined
      ? Date.parse(query.sinceTime ?? "1970-01-01T00:00:00Z")
      : now - query.sinceSeconds * 1000;
  const recent = entries.filter((entry) => Date.parse(entry.time) >= since);
  if (query.tailLines === undefined) return recent;
  let lines = 0;
  let from = recent.length;
  while (from > 0 && lines + (recent[from - 1]?.partial === true ? 0 : 1) <= query.tailLines) {
    from -= 1;
    if (recent[from]?.partial !== true) lines += 1;
  }
  return recent.slice(from);
}

function render(entries: readonly Entry[], { timestamps }: LogQuery): Buffer {
  const text = entries.map((entry) => {
    const time = timestamps === true ? `${entry.time} ` : "";
    return `${time}${entry.text}${entry.partial ? "" : "\n"}`;
  });
  return Buffer.from(text.join(""));
}

class ByteLimit {
  #left: number;

  constructor(limitBytes = Number.MAX_SAFE_INTEGER) {
    this.#left = limitBytes;
  }

  get reached(): boolean {
    return this.#left === 0;
  }

  take(bytes: Buffer): Buffer {
    const taken = bytes.subarray(0, this.#left);
    this.#left -= taken.length;
    return taken;
  }
}
