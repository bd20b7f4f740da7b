// A cable between a client and a server: a TCP relay on a loopback address that can be cut and mended. While it
// is cut, connections are taken (as a kernel's backlog takes them) and nothing passes in either direction.
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { portOf } from "./loopback.ts";
import { StallablePair } from "./stallable-pair.ts";

export class Link {
  readonly #server: Server;
  readonly #to: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  readonly #pairs = new Set<StallablePair>();
  #isCut = false;

  private constructor(to: URL) {
    this.#to = { host: to.hostname, port: Number(to.port) };
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  static async to(url: string): Promise<Link> {
    const link = new Link(new URL(url));
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  cut(): void {
    this.#set(true);
  }

  mend(): void {
    this.#set(false);
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }

  #set(isCut: boolean): void {
    this.#isCut = isCut;
    for (const pair of this.#pairs) pair.stall(isCut);
  }

  #accept(client: Socket): void {
    const upstream = connect({ ...this.#to, allowHalfOpen: true });
    const pair = new StallablePair(client, upstream);
    pair.stall(this.#isCut);
    this.#pairs.add(pair);
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        this.#pairs.delete(pair);
      });
    }
  }
}
