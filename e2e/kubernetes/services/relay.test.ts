import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { must } from "../../../operator/assert.ts";
import { systemClock } from "../../../operator/clock.ts";
import { portOf } from "../../servers/loopback.ts";
import { Network } from "../nodes/network.ts";
import { Chooser, type Endpoint, type Rules } from "./choice.ts";
import { Relay } from "./relay.ts";

const PLAIN: Rules = { preferSameNode: false, local: false };

describe("a relay", () => {
  let network: Network;
  let relay: Relay;
  let host: string;
  const port = 18_000;
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const failures: string[] = [];

  beforeEach(async () => {
    network = await Network.claim();
    host = `${network.prefix}.200.1`;
    relay = relayAt(host);
  });

  afterEach(async () => {
    await relay.close();
    relay.cut();
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) server.close();
    await network.close();
  });

  const relayAt = (address: string): Relay =>
    new Relay({
      host: address,
      port,
      chooser: new Chooser(systemClock, () => 0),
      nodeOf: (caller) => {
        const k = network.nodeOf(caller);
        return k === undefined ? undefined : `node-${k}`;
      },
      failed: (error) => failures.push(error.message),
    });

  /** A pod on node `k` that answers as `serve` says. */
  async function pod(k: number, serve: (socket: Socket) => void): Promise<Endpoint> {
    const address = network.takePodAddress(k);
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket.on("error", () => undefined));
      serve(socket);
    });
    server.listen(0, address);
    await once(server, "listening");
    servers.push(server);
    return { address, port: portOf(server), node: `node-${k}`, ready: true, serving: false };
  }

  async function call(from?: string): Promise<Socket> {
    const socket = connect({
      host,
      port,
      allowHalfOpen: true,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    sockets.add(socket);
    await once(socket, "connect");
    return socket;
  }

  const refusal = async (): Promise<string> => {
    const error = await call().catch((e: unknown) => e);
    return (error as NodeJS.ErrnoException).code ?? "connected";
  };

  it("refuses at once without endpoints, and again when the last one went", async () => {
    expect(await refusal()).to.equal("ECONNREFUSED");
    await relay.update([await pod(1, (s) => s.end("hi"))], PLAIN);
    expect(await text(await call())).to.equal("hi");
    await relay.update([], PLAIN);
    expect(await refusal()).to.equal("ECONNREFUSED");
  });

  it("lets the endpoint see who calls", async () => {
    await relay.update([await pod(1, (s) => s.end(s.remoteAddress ?? ""))], PLAIN);
    const caller = network.takePodAddress(2);
    expect(await text(await call(caller))).to.equal(caller);
    expect(await text(await call())).to.match(/^127\./);
  });

  it("passes large content both ways, and a half-close", async () => {
    const content = Buffer.alloc(8 * 1024 * 1024, "0123456789");
    const echo = (socket: Socket): void => {
      void buffer(socket).then((all) => socket.end(all));
    };
    await relay.update([await pod(1, echo)], PLAIN);
    const socket = await call();
    socket.end(content);
    expect((await buffer(socket)).equals(content)).to.equal(true);
  });

  it("does not take more than the endpoint reads", async () => {
    await relay.update([await pod(1, (s) => s.pause())], PLAIN);
    const socket = await call();
    const chunk = Buffer.alloc(1024 * 1024);
    let sent = 0;
    while (sent < 200 && socket.write(chunk)) sent += 1;
    // The buffers of two connections are full by then; a relay that collects would go on for ever.
    for (let i = 0; i < 5 && sent < 200; i += 1) {
      const drained = await Promise.race([once(socket, "drain"), sleep(200).then(() => undefined)]);
      if (drained === undefined) break;
      while (sent < 200 && socket.write(chunk)) sent += 1;
    }
    expect(sent).to.be.below(100);
  });

  it("keeps a connection at its endpoint while the Service changes", async () => {
    const { promise: first, resolve: reached } = Promise.withResolvers<Socket>();
    await relay.update([await pod(1, reached)], PLAIN);
    const socket = await call();
    socket.write("a");
    // A connection that the relay has not looked at yet would go to the new endpoint.
    const peer = await first;
    await relay.update([await pod(2, (s) => s.end("new"))], PLAIN);
    expect(await text(await call())).to.equal("new");
    await relay.update([], PLAIN);
    peer.end("still there");
    expect(await text(socket)).to.equal("still there");
    socket.end();
  });

  it("passes an end as an end and a reset as a reset", async () => {
    let peer: Socket | undefined;
    await relay.update(
      [
        await pod(1, (s) => {
          peer = s;
          s.write("x");
        }),
      ],
      PLAIN,
    );
    const ended = await call();
    await once(ended, "data");
    must(peer).end();
    await once(ended, "end");
    ended.destroy();
    const reset = await call();
    await once(reset, "data");
    must(peer).resetAndDestroy();
    const [error] = (await once(reset, "error").catch((e: unknown) => [e])) as [
      NodeJS.ErrnoException,
    ];
    expect(error.code).to.equal("ECONNRESET");
  });

  it("ends the endpoint's side when the caller goes away", async () => {
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const { promise: gone, resolve: go } = Promise.withResolvers<void>();
    const serve = (socket: Socket): void => {
      socket.on("close", () => go()).resume();
      reach();
    };
    await relay.update([await pod(1, serve)], PLAIN);
    const socket = await call();
    socket.write("x");
    await reached;
    socket.resetAndDestroy();
    await gone;
  });

  it("resets a connection whose endpoint has died this moment", async () => {
    const dead = await pod(1, () => undefined);
    must(servers.pop()).close();
    await relay.update([dead], PLAIN);
    const socket = await call();
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).to.equal("ECONNRESET");
  });

  it("sends a caller to its own node, also for Local, and swallows the others there", async () => {
    await relay.update([await pod(1, (s) => s.end("one")), await pod(2, (s) => s.end("two"))], {
      ...PLAIN,
      preferSameNode: true,
    });
    expect(await text(await call(network.takePodAddress(2)))).to.equal("two");
    expect(await text(await call(network.takePodAddress(1)))).to.equal("one");
    await relay.update([await pod(1, (s) => s.end("one"))], { ...PLAIN, local: true });
    expect(await text(await call(network.takePodAddress(1)))).to.equal("one");
    const swallowed = await call(network.takePodAddress(2));
    swallowed.write("anybody?");
    const answer = await Promise.race([once(swallowed, "close"), sleep(300).then(() => "silence")]);
    expect(answer).to.equal("silence");
    swallowed.destroy();
  });

  it("says when its address is taken", async () => {
    const other = createServer().listen(port, host);
    await once(other, "listening");
    await relay.update([await pod(1, (s) => s.end())], PLAIN);
    expect(failures.join()).to.contain(`${host}:${port} cannot be listened on`);
    other.close();
  });
});
