// A caller of a Service, for a node's network: connects so many times, one after the other, and prints a line for each: what
// it was told, or the code of the error. `node caller.ts ADDRESS PORT TIMES`.
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";

/** A connect that is swallowed hangs for minutes: by then it counts as that. */
const SWALLOWED_MS = 20_000;

const [, , address = "", port = "", times = ""] = process.argv;
for (let i = 0; i < Number(times); i++) {
  process.stdout.write(`${await call()}\n`);
}

async function call(): Promise<string> {
  const socket = connect(Number(port), address);
  const swallowed = setTimeout(() => socket.destroy(new Error("SWALLOWED")), SWALLOWED_MS);
  try {
    await once(socket, "connect");
    return (await text(socket)).trim();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  } finally {
    clearTimeout(swallowed);
    socket.destroy();
  }
}
