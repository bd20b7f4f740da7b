// More connections than an agent takes, each with as much of a call as it may keep somebody waiting with. They
// stay open: what is left for others, and how much memory they cost, is what is asked.
import type { Socket } from "node:net";
import { encodeCall } from "../../operator/broker/codec.ts";
import { CALL_LIMITS } from "../../operator/broker/codec-wire.ts";
import { open, type Address } from "./talk.ts";

/** Connections; those that are thrown out are among them. Whoever calls it closes them. */
export async function flood(at: Address, count: number): Promise<readonly Socket[]> {
  const call = aLargeHalf();
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 1) {
    const socket = await open(at);
    // One in four says nothing at all.
    if (i % 4 !== 0) socket.write(call);
    socket.resume();
    sockets.push(socket);
  }
  return sockets;
}

/** Properties up to the limits of a message, without its end. */
function aLargeHalf(): Buffer {
  const entries = CALL_LIMITS.mapEntriesMax;
  const each = Math.floor(CALL_LIMITS.frameBytesMax / entries) - 20;
  const value = "v".repeat(Math.min(each, CALL_LIMITS.stringBytesMax));
  const properties = new Map(Array.from({ length: entries }, (_, i) => [`k${i}`, value]));
  const call = Buffer.concat(encodeCall("deletePath", 1, { version: 1, path: "p", properties }));
  return call.subarray(0, call.length - value.length);
}
