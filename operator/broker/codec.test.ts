import { expect } from "chai";

import { ByteQueue } from "./byte-queue.ts";
import { decodeReply, encodeCall, encodeException, encodeReply } from "./codec.ts";
import { APPLICATION_ERROR, CALL_LIMITS } from "./codec-wire.ts";
import type { CodecLimits } from "./codec-wire.ts";
import { CallDecoder, decodeCalls } from "./testing/call-decoder.ts";
import { FRAMES } from "./testing/frames.ts";
import { SAMPLES } from "./testing/samples.ts";
import type { AnySample } from "./testing/samples.ts";
import { thriftCall, thriftReply } from "./testing/thrift-peer.ts";

const CLOSE_READER = Buffer.from(FRAMES.closeReader.call, "hex");

/** The request as Thrift's library wants it: with data, chunks joined. */
function peerRequest({ request, payload }: AnySample): object {
  return payload === undefined ? request : { ...request, data: payload };
}

function peerResponse(sample: AnySample): object {
  if (sample.method !== "pread") return sample.response;
  return { ...sample.response, data: Buffer.concat(sample.response.data ?? []) };
}

function encodedCall(sample: AnySample, seqId: number): Buffer {
  const payload = sample.payload === undefined ? [] : [sample.payload];
  return Buffer.concat(encodeCall(sample.method, seqId, sample.request, payload));
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ""), "hex");
}

/** A strict header of a call. */
function header(name: string, type = 1): Buffer {
  const bytes = Buffer.alloc(12 + name.length);
  bytes.writeUInt32BE(0x8001_0000 + type);
  bytes.writeUInt32BE(name.length, 4);
  bytes.write(name, 8);
  bytes.writeUInt32BE(7, 8 + name.length);
  return bytes;
}

/** A ping whose request struct has these fields. */
function ping(...fields: readonly string[]): Buffer {
  return Buffer.concat([header("ping"), hex("0c 0001"), hex(fields.join("")), hex("00 00")]);
}

const VERSION = "08 0001 00000001";
const CLIENT = "0b 0002 00000001 78";
const PING_REQUEST = { version: 1, clientId: "x" };

function onlyCall(bytes: Buffer, limits?: CodecLimits) {
  const [first, ...more] = decodeCalls(bytes, limits);
  expect(more).to.deep.equal([]);
  return first?.call;
}

function runReply<T>(queue: ByteQueue, steps: Generator<number, T, undefined>): T {
  const step = steps.next();
  if (step.done !== true) throw new Error(`lacks ${step.value} bytes, has ${queue.length}`);
  return step.value;
}

describe("codec", () => {
  for (const [i, sample] of SAMPLES.entries()) {
    const { method } = sample;
    const frame = FRAMES[method];
    const expected = { kind: "accepted", method, seqId: i + 1, request: sample.request };

    it(`writes and reads ${method} as the Thrift library does`, () => {
      expect(thriftCall(method, i + 1, peerRequest(sample)).toString("hex")).to.equal(frame.call);
      expect(thriftReply(method, i + 1, peerResponse(sample)).toString("hex")).to.equal(
        frame.reply,
      );
      expect(encodedCall(sample, i + 1).toString("hex")).to.equal(frame.call);
      const reply = Buffer.concat(encodeReply(method, i + 1, sample.response as never));
      expect(reply.toString("hex")).to.equal(frame.reply);
      const queue = new ByteQueue();
      queue.push(reply);
      expect(runReply(queue, decodeReply(queue, method, i + 1))).to.deep.equal(sample.response);
      expect(queue.length).to.equal(0);
    });

    it(`reads ${method} split at every byte`, () => {
      const bytes = Buffer.from(frame.call, "hex");
      for (let at = 0; at <= bytes.length; at += 1) {
        const decoder = new CallDecoder();
        decoder.push(bytes.subarray(0, at));
        if (at < bytes.length) expect(decoder.calls).to.deep.equal([]);
        decoder.push(bytes.subarray(at));
        expect(decoder.calls).to.have.length(1);
        expect(decoder.calls[0]?.call).to.deep.include(expected);
        expect(decoder.calls[0]?.payload).to.deep.equal(sample.payload);
      }
    });

    it(`reads ${method} with an old-style header`, () => {
      const bytes = thriftCall(method, i + 1, peerRequest(sample), { strict: false });
      expect(onlyCall(bytes)).to.deep.include(expected);
    });
  }

  it("reads many calls out of one chunk, and out of single bytes", () => {
    const bytes = Buffer.concat(SAMPLES.flatMap((s, i) => [encodedCall(s, i), CLOSE_READER]));
    const whole = decodeCalls(bytes);
    expect(whole).to.have.length(2 * SAMPLES.length);
    const trickled = new CallDecoder();
    for (const byte of bytes) trickled.push(Buffer.from([byte]));
    expect(trickled.calls.map(({ payload }) => payload)).to.deep.equal(
      whole.map(({ payload }) => payload),
    );
    expect(trickled.calls.map(({ call }) => ({ ...call, payload: 0 }))).to.deep.equal(
      whole.map(({ call }) => ({ ...call, payload: 0 })),
    );
  });

  it("does work in proportion to the bytes when they trickle in", () => {
    const properties = new Map(
      Array.from({ length: 1000 }, (_, i) => [`key${i}`, "v".repeat(i % 50)]),
    );
    const request = { version: 1, path: "p", properties } as const;
    const bytes = Buffer.concat(encodeCall("deletePath", 1, request));
    const decoder = new CallDecoder({
      ...CALL_LIMITS,
      frameBytesMax: 1 << 20,
      mapEntriesMax: 1000,
    });
    for (const byte of bytes) decoder.push(Buffer.from([byte]));
    expect(decoder.calls[0]?.call).to.deep.include({ request });
    // Two values per entry, each a length and its bytes; a decoder that starts over needs many more.
    expect(decoder.resumptions).to.be.below(4 * 1000 + 50);
  });

  it("copies neither a payload nor the data of an answer", () => {
    const data = [Buffer.alloc(100_000, 1), Buffer.alloc(0), Buffer.alloc(70_000, 2)];
    const fd = { high: 1n, low: 2n };
    const [, ...call] = encodeCall("pwrite", 1, { version: 1, fd, offset: 0n }, data);
    expect(call.slice(0, 2)).to.have.ordered.members([data[0], data[2]]);
    const chunks = encodeReply("pread", 1, { opStatus: { statusCode: 0 }, data });
    expect(chunks.slice(1, 3)).to.have.ordered.members([data[0], data[2]]);
    const queue = new ByteQueue();
    for (const chunk of chunks) queue.push(chunk as Buffer);
    const reply = runReply(queue, decodeReply(queue, "pread", 1));
    expect(reply.data?.map((chunk) => chunk.buffer)).to.have.ordered.members([
      data[0]?.buffer,
      data[2]?.buffer,
    ]);
  });

  it("keeps an empty list and empty data apart from absent ones", () => {
    const opStatus = { statusCode: 0 } as const;
    for (const response of [{ opStatus }, { opStatus, data: [] }]) {
      const queue = new ByteQueue();
      for (const chunk of encodeReply("pread", 1, response)) queue.push(Buffer.from(chunk));
      expect(runReply(queue, decodeReply(queue, "pread", 1))).to.deep.equal(response);
    }
    for (const response of [{ opStatus }, { opStatus, files: [] }]) {
      const queue = new ByteQueue();
      for (const chunk of encodeReply("listPath", 1, response)) queue.push(Buffer.from(chunk));
      expect(runReply(queue, decodeReply(queue, "listPath", 1))).to.deep.equal(response);
    }
  });

  it("writes a listing larger than any buffer it begins with", () => {
    const files = Array.from({ length: 5000 }, (_, i) => ({
      path: `0200067_${i}.dat.${"f".repeat(i % 40)}`,
      isDir: false,
      size: BigInt(i),
      isSplitable: true,
    }));
    const response = { opStatus: { statusCode: 0 }, files } as const;
    const queue = new ByteQueue();
    for (const chunk of encodeReply("listPath", 9, response)) queue.push(chunk as Buffer);
    expect(runReply(queue, decodeReply(queue, "listPath", 9))).to.deep.equal(response);
  });

  it("tells an exception from an answer", () => {
    const queue = new ByteQueue();
    const bytes = encodeException("ping", 3, APPLICATION_ERROR.INTERNAL_ERROR, "no luck");
    for (const chunk of bytes) queue.push(chunk as Buffer);
    expect(() => runReply(queue, decodeReply(queue, "ping", 3)))
      .to.throw("no luck")
      .with.property("code", 6);
  });

  it("does not take the answer to another call for its own", () => {
    const queue = new ByteQueue();
    for (const chunk of encodeReply("ping", 3, { statusCode: 0 })) queue.push(chunk as Buffer);
    expect(() => runReply(queue, decodeReply(queue, "ping", 4))).to.throw("answered to ping 4");
  });

  it("refuses to write an answer without a required field", () => {
    expect(() =>
      encodeReply("checkPathExist", 1, { opStatus: { statusCode: 0 } } as never),
    ).to.throw("TBrokerCheckPathExistResponse.isPathExist is missing");
  });
});

describe("decodeCall with calls that do not fit", () => {
  const refused: readonly (readonly [name: string, bytes: Buffer, message: string])[] = [
    ["a missing field", ping(VERSION), "TBrokerPingBrokerRequest.clientId is missing"],
    [
      "no request at all",
      Buffer.concat([header("ping"), hex("00")]),
      "ping_args.request is missing",
    ],
    ["a field of another type", ping(VERSION, "08 0002 00000001"), "clientId is missing"],
    [
      "an enum's unknown value",
      ping("08 0001 00000002", CLIENT),
      "TBrokerPingBrokerRequest.version is 2, which is no TBrokerVersion",
    ],
    ["text that is not UTF-8", ping(VERSION, "0b 0002 00000002 c328"), "clientId is not UTF-8"],
    [
      "a map of something else",
      Buffer.concat([
        header("deletePath"),
        hex(`0c 0001 ${VERSION} 0b 0002 00000001 70 0d 0003 0b 08 00000001 00000001 6b 00000009`),
        hex("00 00"),
      ]),
      "TBrokerDeletePathRequest.properties is not a map of strings",
    ],
    [
      "a payload before the fields that must precede it",
      Buffer.concat([header("pwrite"), hex(`0c 0001 ${VERSION} 0b 0004 00000003 aabbcc 00 00`)]),
      "TBrokerPWriteRequest.fd is missing",
    ],
    [
      "a pwrite without data",
      Buffer.concat([
        header("pwrite"),
        hex(`0c 0001 ${VERSION} 0c 0002 0a 0001 ${"0".repeat(16)} 0a 0002 ${"0".repeat(16)} 00`),
        hex(`0a 0003 ${"0".repeat(16)} 00 00`),
      ]),
      "TBrokerPWriteRequest.data is missing",
    ],
  ];
  for (const [name, bytes, message] of refused) {
    it(`refuses ${name} and can read the next call`, () => {
      const [first, second] = decodeCalls(Buffer.concat([bytes, CLOSE_READER]));
      expect(first?.call).to.include({ kind: "refused", seqId: 7, code: 7 });
      expect(first?.call).to.have.property("message").that.includes(message);
      expect(second?.call).to.include({ kind: "accepted", method: "closeReader" });
    });
  }

  for (const name of ["mkdirs", "constructor", "__proto__", "Ping"]) {
    it(`answers the unknown method ${name} and can read the next call`, () => {
      const unknown = Buffer.concat([header(name), ping(VERSION, CLIENT).subarray(16)]);
      const [first, second] = decodeCalls(Buffer.concat([unknown, CLOSE_READER]));
      expect(first?.call).to.include({ kind: "refused", name, seqId: 7, code: 1 });
      expect(second?.call).to.include({ kind: "accepted", method: "closeReader" });
    });
  }

  it("skips unknown fields of every type", () => {
    const unknown = [
      "02 0010 01",
      "03 0011 7f",
      "04 0012 3ff0000000000000",
      "06 0013 0001",
      "08 0014 00000001",
      "0a 0015 0000000000000001",
      "0b 0016 00000003 616263",
      "0c 0017 08 0001 00000001 0c 0002 00 00",
      "0d 0018 08 0b 00000002 00000001 00000001 61 00000002 00000000",
      "0d 0019 00 00 00000000",
      "0e 001a 06 00000002 0001 0002",
      "0f 001b 0c 00000002 00 02 0001 00 00",
      "10 001c 000102030405060708090a0b0c0d0e0f",
    ];
    const call = onlyCall(ping(...unknown, VERSION, ...unknown, CLIENT, ...unknown));
    expect(call).to.deep.include({ kind: "accepted", request: PING_REQUEST });
  });

  it("skips what follows a payload", () => {
    const sample = SAMPLES.find(({ method }) => method === "pwrite");
    const bytes = Buffer.from(FRAMES.pwrite.call, "hex");
    const extra = hex("0b 0009 00000002 6162 00 08 0002 00000001 00");
    const [decoded] = decodeCalls(Buffer.concat([bytes.subarray(0, -2), extra]));
    expect(decoded?.call).to.include({ kind: "accepted", method: "pwrite" });
    expect(decoded?.payload).to.deep.equal(sample?.payload);
  });
});

describe("decodeCall with bytes that are no calls", () => {
  const list = (type: string, count: string) => `0f 0010 ${type} ${count}`;
  const nested = (depth: number) => Buffer.concat([header("x"), hex("0c 0001".repeat(depth))]);
  const malformed: readonly (readonly [name: string, bytes: Buffer, message: string])[] = [
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\n"), "not a thrift binary message"],
    ["a TLS greeting", hex("160301020001"), "not a thrift binary message"],
    ["another version of the protocol", hex("80020001 00000004"), "not a thrift binary message"],
    ["a framed message", Buffer.concat([hex("0000003d"), CLOSE_READER]), "not an unframed"],
    ["an answer", header("ping", 2), "message type 2"],
    ["a oneway call", header("ping", 4), "message type 4"],
    ["an empty method name", hex("80010001 00000000"), "a method name of 0 bytes"],
    ["a negative method name", hex("80010001 ffffffff"), "a method name of -1 bytes"],
    ["a huge method name", hex("80010001 7fffffff"), "a method name of 2147483647 bytes"],
    ["a negative string", ping("0b 0002 ffffffff"), "clientId: a string of length -1"],
    ["a huge string", ping("0b 0002 7fffffff"), "at most 8192 allowed"],
    ["a huge skipped string", ping("0b 0010 7fffffff"), "a skipped string of length 2147483647"],
    ["a huge skipped list", ping(list("02", "7fffffff")), "container of length 2147483647"],
    ["a negative skipped list", ping(list("02", "80000000")), "container of length -2147483648"],
    ["a list of nothing", ping(list("00", "00000001")), "type 0, which does not exist"],
    ["an unknown type", ping("05 0010 00"), "type 5, which does not exist"],
    ["endless nesting", nested(10_000), "nested deeper than 16"],
    ["endless nesting of lists", ping("0f 0010", "0f 00000001".repeat(100)), "nested deeper"],
  ];
  for (const [name, bytes, message] of malformed) {
    it(`finds ${name} malformed, however it is cut`, () => {
      for (let at = 0; at <= Math.min(bytes.length, 80); at += 1) {
        const decoder = new CallDecoder();
        expect(() => {
          decoder.push(bytes.subarray(0, at));
          decoder.push(bytes.subarray(at));
        })
          .to.throw(message)
          .with.property("name", "MalformedError");
      }
    });
  }

  /** The recorded pwrite up to its data's length, which is 20; two STOPs end it. */
  const pwriteOf = (length: string) =>
    Buffer.concat([Buffer.from(FRAMES.pwrite.call, "hex").subarray(0, -(4 + 20 + 2)), hex(length)]);
  const small: CodecLimits = { ...CALL_LIMITS, payloadBytesMax: 20, mapEntriesMax: 1 };

  it("takes a payload of exactly the limit, and none beyond it", () => {
    const whole = Buffer.from(FRAMES.pwrite.call, "hex");
    expect(decodeCalls(whole, small)).to.have.length(1);
    for (const length of ["00000015", "7fffffff", "ffffffff"]) {
      expect(() => decodeCalls(pwriteOf(length), small)).to.throw(
        "TBrokerPWriteRequest.data: data",
      );
    }
  });

  it("takes as many map entries as allowed, and no more", () => {
    const request = (size: number) => ({
      version: 1 as const,
      path: "p",
      properties: new Map(Array.from({ length: size }, (_, i) => [String(i), ""])),
    });
    const bytes = (size: number) => Buffer.concat(encodeCall("deletePath", 1, request(size)));
    expect(onlyCall(bytes(1), small)).to.include({ kind: "accepted" });
    expect(() => decodeCalls(bytes(2), small)).to.throw("a map of length 2, at most 1 allowed");
  });

  it("takes strings up to the limit, and no longer ones", () => {
    const bytes = (length: number) =>
      Buffer.concat(encodeCall("ping", 1, { version: 1, clientId: "x".repeat(length) }));
    expect(onlyCall(bytes(8192))).to.include({ kind: "accepted" });
    expect(() => decodeCalls(bytes(8193))).to.throw("at most 8192 allowed");
  });

  it("bounds a message as a whole, its payload not counted", () => {
    const properties = new Map(Array.from({ length: 20 }, (_, i) => [`${i}`, "x".repeat(1000)]));
    const bytes = Buffer.concat(encodeCall("deletePath", 1, { version: 1, path: "p", properties }));
    expect(() => decodeCalls(bytes)).to.throw("a message of more than 16384 bytes");
    const fd = { high: 1n, low: 1n };
    const payload = [Buffer.alloc(3 << 20)];
    const pwrite = Buffer.concat(encodeCall("pwrite", 1, { version: 1, fd, offset: 0n }, payload));
    expect(decodeCalls(pwrite)[0]?.payload).to.have.length(3 << 20);
  });
});
