// Our server and client against Apache Thrift's own, over sockets: whole calls, as bytes cannot show
// that both sides also agree on when a message is over.
import type { AddressInfo } from "node:net";

import { expect } from "chai";

import type { BrokerHandlers, Payload } from "./server.ts";
import { BrokerClient } from "./testing/client.ts";
import { SAMPLES } from "./testing/samples.ts";
import type { AnySample } from "./testing/samples.ts";
import { FD, OK, PING, PWRITE, sampleHandlers, ServerFixture } from "./testing/server-fixture.ts";
import { ThriftClient, thriftServer } from "./testing/thrift-peer.ts";
import type { ThriftHandler } from "./testing/thrift-peer.ts";

const MEBIBYTE = Buffer.alloc(1 << 20, "0123456789abcde");

interface Heard {
  readonly method: string;
  readonly request: unknown;
  readonly data?: Buffer;
}

/** The sample handlers, and what they were asked. */
function listening(): { handlers: BrokerHandlers; heard: Heard[] } {
  const heard: Heard[] = [];
  const answers = sampleHandlers();
  const handlers = Object.entries(answers).map(([method, answer]) => [
    method,
    (request: unknown) => {
      heard.push({ method, request });
      return (answer as (request: unknown) => Promise<unknown>)(request);
    },
  ]);
  const pwrite: BrokerHandlers["pwrite"] = async (request, payload) => {
    heard.push({ method: "pwrite", request, data: await joined(payload) });
    return OK;
  };
  return { handlers: { ...Object.fromEntries(handlers), pwrite } as BrokerHandlers, heard };
}

async function joined(payload: Payload): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of payload.chunks()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function thriftRequest({ request, payload }: AnySample): object {
  return payload === undefined ? request : { ...request, data: payload };
}

function thriftResponse(sample: AnySample): object {
  if (sample.method !== "pread") return sample.response;
  return { ...sample.response, data: Buffer.concat(sample.response.data ?? []) };
}

describe("BrokerServer with Thrift's client", () => {
  let fixture: ServerFixture;
  let client: ThriftClient;

  async function start(handlers: Partial<BrokerHandlers>, strict = true): Promise<void> {
    fixture = await ServerFixture.start(handlers);
    client = new ThriftClient("127.0.0.1", fixture.port, { strict });
  }

  afterEach(() => {
    client.close();
    fixture.close();
  });

  for (const strict of [true, false]) {
    it(`serves every method behind ${strict ? "strict" : "old-style"} headers`, async () => {
      const { handlers, heard } = listening();
      await start(handlers, strict);
      for (const sample of SAMPLES) {
        const answer = await client.call(sample.method, thriftRequest(sample));
        expect(answer).to.deep.equal(thriftResponse(sample));
        const { method, request, payload } = sample;
        const data = payload === undefined ? {} : { data: payload };
        expect(heard.at(-1)).to.deep.equal({ method, request, ...data });
      }
    });
  }

  it("carries a mebibyte in and out", async () => {
    const { handlers, heard } = listening();
    const data = Array.from({ length: 16 }, (_, i) => MEBIBYTE.subarray(i << 16, (i + 1) << 16));
    await start({ ...handlers, pread: () => Promise.resolve({ opStatus: OK, data }) });
    await client.call("pwrite", { ...PWRITE, data: MEBIBYTE });
    expect(heard[0]?.data?.equals(MEBIBYTE)).to.equal(true);
    const answer = await client.call("pread", { version: 1, fd: FD, offset: 0n, length: 1n });
    expect((answer["data"] as Buffer).equals(MEBIBYTE)).to.equal(true);
  });

  it("answers a failing handler with an exception and stays usable", async () => {
    await start({ seek: () => Promise.reject(new Error("a bug")) });
    const failure = await client.call("seek", { version: 1, fd: FD, offset: 1n }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.include({ type: 6 });
    expect(await client.call("ping", PING)).to.deep.equal(OK);
  });

  it("answers a request that lacks a required field with an exception that names it", async () => {
    await start({});
    const failure = await client.call("ping", { version: 1 }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.include({ type: 7 });
    expect(failure).to.have.property("message", "TBrokerPingBrokerRequest.clientId is missing");
    expect(await client.call("ping", PING)).to.deep.equal(OK);
  });
});

describe("BrokerClient with Thrift's server", () => {
  let server: ReturnType<typeof thriftServer>;
  let client: BrokerClient;

  async function start(handler: ThriftHandler): Promise<void> {
    server = thriftServer(handler);
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    client = await BrokerClient.connect("127.0.0.1", (server.address() as AddressInfo).port);
  }

  afterEach(() => {
    client.close();
    server.close();
  });

  function exchange(sample: AnySample): Promise<unknown> {
    if (sample.method !== "pwrite") return client.call(sample.method, sample.request);
    return client.pwrite(sample.request, [sample.payload ?? Buffer.alloc(0)]);
  }

  it("calls every method", async () => {
    const heard: Heard[] = [];
    await start((method, request) => {
      heard.push({ method, request });
      const sample = SAMPLES.find((s) => s.method === method);
      return Promise.resolve(sample === undefined ? {} : thriftResponse(sample));
    });
    for (const sample of SAMPLES) {
      expect(await exchange(sample)).to.deep.equal(sample.response);
      const expected = { method: sample.method, request: thriftRequest(sample) };
      expect(heard.at(-1)).to.deep.equal(expected);
    }
  });

  it("carries a mebibyte in and out", async () => {
    let written: unknown;
    await start((method, request) => {
      written = request["data"] ?? written;
      return Promise.resolve(method === "pread" ? { opStatus: OK, data: MEBIBYTE } : OK);
    });
    await client.pwrite(PWRITE, [MEBIBYTE.subarray(0, 500_000), MEBIBYTE.subarray(500_000)]);
    expect((written as Buffer).equals(MEBIBYTE)).to.equal(true);
    const answer = await client.call("pread", { version: 1, fd: FD, offset: 0n, length: 1n });
    expect(Buffer.concat(answer.data ?? []).equals(MEBIBYTE)).to.equal(true);
  });

  it("rejects with the code of an exception and stays usable", async () => {
    await start((method) =>
      method === "seek" ? Promise.reject(new Error("no seeking")) : Promise.resolve(OK),
    );
    const failure = await client.call("seek", { version: 1, fd: FD, offset: 1n }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.include({ name: "ApplicationError", code: 6, message: "no seeking" });
    expect(await client.call("ping", PING)).to.deep.equal(OK);
  });
});
