// Two sockets joined into one connection that can stand still: what comes from one goes to the other, an end as
// an end, anything worse as a reset. While it is stalled nothing passes and nobody is told, as on a cut cable;
// what either side sent or did meanwhile passes when it goes on.
import type { Socket } from "node:net";

export class StallablePair {
  readonly #one: Socket;
  readonly #other: Socket;
  #stalled = false;

  constructor(one: Socket, other: Socket) {
    this.#one = one;
    this.#other = other;
    join(one, other);
    join(other, one);
  }

  /** Does nothing where it is so already. */
  stall(isStalled: boolean): void {
    if (isStalled === this.#stalled) return;
    this.#stalled = isStalled;
    for (const [from, to] of [
      [this.#one, this.#other],
      [this.#other, this.#one],
    ] as const) {
      if (isStalled) from.unpipe(to).pause();
      else from.pipe(to);
    }
  }
}

function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("close", (hadError) => {
    const ended = !hadError && from.readableEnded && from.writableFinished;
    if (!ended && !to.destroyed) to.resetAndDestroy();
  });
}
