// Makes the Node process whose debugger listens in this network run something, in its main thread; all of its other threads
// go on. `node evaluate.ts STATEMENTS`; ends well when the process has taken it, and badly when there is none.
import { setTimeout as sleep } from "node:timers/promises";

/** Where Node listens after SIGUSR1. */
const DEBUGGER = "http://127.0.0.1:9229/json/list";
/** It begins to listen a moment later, on a busy machine a long one. */
const TRIES = 600;
const PAUSE_MS = 100;

const [, , statements = ""] = process.argv;
const [target] = (await targets()) as readonly { readonly webSocketDebuggerUrl: string }[];
if (target === undefined) throw new Error("the debugger knows no process");
const socket = new WebSocket(target.webSocketDebuggerUrl);
socket.addEventListener("open", () => {
  // What never ends must not be its answer.
  const expression = `setTimeout(() => { ${statements} }, 100); 0`;
  socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression } }));
});
socket.addEventListener("message", () => process.exit(0));
socket.addEventListener("error", () => process.exit(1));

async function targets(): Promise<unknown> {
  for (let left = TRIES; ; left--) {
    try {
      return await (await fetch(DEBUGGER)).json();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
