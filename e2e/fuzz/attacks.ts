// What hostile callers do, one function each. An attack throws when the agent did what it must not: took what
// is forbidden, showed what is not the caller's, answered with no answer, or never ended.
import { readdirSync, readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { encodeCall } from "../../operator/broker/codec.ts";
import {
  isMethodName,
  type BrokerFd,
  type OperationStatus,
} from "../../operator/broker/protocol.ts";
import { BrokerClient } from "../../operator/broker/testing/client.ts";
import { FRAMES } from "../../operator/broker/testing/frames.ts";
import { hostileCall, METHOD_NAMES } from "../../operator/broker/testing/hostile-calls.ts";
import { mutated } from "../../operator/broker/testing/mutations.ts";
import { SAMPLES } from "../../operator/broker/testing/samples.ts";
import type { SeededRandom } from "../../operator/broker/testing/seeded-random.ts";
import { hostilePath, isOwnFile } from "./hostile-paths.ts";
import { answersIn, inTime, open, preview, talk } from "./talk.ts";
import { CANARY, md5, OWN, READABLE_PATH, TOKEN, type Target } from "./target.ts";

export interface Attacker {
  readonly target: Target;
  readonly random: SeededRandom;
  /** Sockets that stay open on purpose; whoever runs the attack closes them at its end. */
  readonly held: Socket[];
}

export type Attack = (attacker: Attacker) => Promise<void>;

const VERSION = 1;
const SUM = md5("x");
const PING = { version: VERSION, clientId: "127.0.0.66" } as const;
const GOOD = new Map([["token", TOKEN]]);
const OWN_PART = `${OWN}/__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__6/hostile.dat.part`;
const TESTDATA = new URL("../starrocks/testdata/", import.meta.url);
/** Kept at once, so that the fuzzer itself stays small. */
const HELD_MAX = 150;

const TOKENS: readonly (string | undefined)[] = [
  undefined,
  "",
  "x",
  `${TOKEN} `,
  ` ${TOKEN}`,
  TOKEN.slice(1),
  TOKEN.toUpperCase(),
  `${TOKEN}\u0000`,
  "x".repeat(8_000),
  "__proto__",
  "constructor",
  "[object Object]",
  "null",
  "true",
  "🦀",
];

export const ATTACKS: Readonly<Record<string, Attack>> = {
  structured: async ({ target, random }) => {
    const oneIn = random.pick([8, 20, 60]);
    const text = (): string => random.pick([hostilePath(random), CANARY, "foreign"]);
    const calls = Array.from({ length: 1 + random.below(4) }, () =>
      hostileCall({ random, oneIn, text, payloadBytesMax: random.pick([0, 64, 100_000]) }),
    );
    await converse(target, [Buffer.concat(calls)]);
  },

  transcripts: async ({ target, random }) => {
    const calls = random.pick(TRANSCRIPTS);
    const start = random.below(calls.length);
    const some = calls.slice(start, start + 1 + random.below(20));
    const at = random.below(some.length);
    const changed = some.map((call, i) => (i === at ? mutated(call, random) : call));
    await converse(target, [Buffer.concat(changed)]);
  },

  bytewise: async ({ target, random }) => {
    const call =
      random.below(2) === 0 ? aPing() : hostileCall({ random, oneIn: 30 }).subarray(0, 300);
    await converse(
      target,
      Array.from(call, (_, i) => call.subarray(i, i + 1)),
    );
  },

  cutShort: async ({ target, random }) => {
    const call = random.pick(METHOD_NAMES.map((m) => Buffer.from(FRAMES[m].call, "hex")));
    await converse(target, [call.subarray(0, random.below(call.length))]);
  },

  halfThenSilence: async ({ target, random, held }) => {
    const socket = await open(target);
    const call = hostileCall({ random, oneIn: 200 });
    socket.write(call.subarray(0, random.below(call.length)));
    held.push(socket);
    while (held.length > HELD_MAX) held.shift()?.destroy();
  },

  pipelined: async ({ target, random }) => {
    const count = 2 + random.below(200);
    const pings = Array.from({ length: count }, (_, i) =>
      Buffer.concat(encodeCall("ping", i, PING)),
    );
    const answers = answersIn(await talk(target, [Buffer.concat(pings)]));
    requireThat(answers.length === count, `${answers.length} answers to ${count} pipelined calls`);
  },

  unknownMethods: async ({ target, random }) => {
    const name = random.pick(["getStatus", "listFiles", "__proto__", "constructor", "toString"]);
    const call = Buffer.concat([aPing(), renamed(aPing(), name), aPing()]);
    const answers = await converse(target, [call]);
    const kinds = answers.map((a) => a.isException).join();
    requireThat(kinds === "false,true,false", `unknown method ${name}: ${kinds}`);
  },

  lengths: async ({ target, random }) => {
    const head = renamed(aPing(), "ping").subarray(0, 16);
    const lies = [-1, 2 ** 31 - 1, 8_193, 16_385, 1_000_000, -(2 ** 31)];
    const claimed = Buffer.alloc(4);
    claimed.writeInt32BE(random.pick(lies));
    // A map or a list of so many, a string of so many, behind an unknown field of ping's arguments.
    const field = random.pick(["0d00630b0b", "0f006302", "0e00630c", "0b0063"]);
    const filler = Buffer.alloc(random.pick([0, 100, 200_000]), random.below(3));
    await converse(target, [Buffer.concat([head, Buffer.from(field, "hex"), claimed, filler])]);
  },

  paths: async ({ target, random }) => {
    const client = await BrokerClient.connect(target.host, target.port);
    try {
      for (let left = 10; left > 0; left -= 1) await tryPath(target, client, random);
    } finally {
      client.close();
    }
  },

  tokens: async ({ target, random }) => {
    const token = random.pick(TOKENS);
    const properties = new Map(token === undefined ? [] : [["token", token]]);
    if (random.below(3) === 0) properties.set("Token", TOKEN);
    if (random.below(3) === 0) properties.set("__proto__", TOKEN);
    const answers = await converse(target, [Buffer.concat(everyPathMethod(OWN_PART, properties))]);
    for (const { name, isException, value } of answers) {
      const { statusCode } = statusOf(value);
      requireThat(
        !isException && statusCode === 401,
        `${name} with a foreign token: ${statusCode}`,
      );
    }
    requireThat(answers.length === 6, `${answers.length} answers to 6 calls with a foreign token`);
  },

  descriptors: async ({ target, random }) => {
    const client = await BrokerClient.connect(target.host, target.port);
    try {
      for (const fd of await descriptors(target, client, random)) {
        // A connection that asks for a foreign descriptor is hung up after the answer: one for each.
        await tryDescriptor(target, fd, random);
      }
    } finally {
      client.close();
    }
  },

  payloadThatLies: async ({ target, random }) => {
    const fd = { high: 1n, low: BigInt(random.below(1000)) };
    const call = Buffer.concat(encodeCall("pwrite", 1, { version: VERSION, fd, offset: 0n }, []));
    // In front of the two STOPs stands the payload's length.
    call.writeInt32BE(
      random.pick([2 ** 26, 2 ** 26 + 1, -1, 1, 2 ** 31 - 1, 500_000]),
      call.length - 6,
    );
    const body = Buffer.alloc(random.pick([0, 1, 300_000]), 0);
    await converse(target, [call.subarray(0, -2), body]);
  },

  manyEntries: async ({ target, random }) => {
    const count = random.pick([65, 5_000, 1_000_000]);
    const entry = Buffer.from("0000000174000000016b", "hex");
    const call = Buffer.concat(
      encodeCall("deletePath", 1, { version: VERSION, path: "p", properties: new Map() }),
    );
    call.writeInt32BE(count, call.length - 6);
    const entries = Buffer.concat(Array.from({ length: Math.min(count, 20_000) }, () => entry));
    const answers = await converse(target, [call.subarray(0, -2), entries]);
    requireThat(answers.length === 0, `a map of ${count} properties was answered`);
  },

  answersNotRead: async ({ target, held }) => {
    const socket = await open(target);
    socket.pause();
    const pings = Array.from({ length: 2000 }, (_, i) =>
      Buffer.concat(encodeCall("ping", i, PING)),
    );
    socket.write(Buffer.concat(pings));
    held.push(socket);
  },
};

/** Sends, and looks at what came back: whole answers, and nothing that is another's. */
async function converse(target: Target, pieces: readonly Buffer[]) {
  const received = await talk(target, pieces);
  const answers = answersIn(received);
  const sent = Buffer.concat(pieces);
  // An error repeats the path it was asked for.
  requireThat(
    !received.includes(CANARY) || sent.includes(CANARY),
    `an answer shows what is not the caller's: ${preview(sent)}`,
  );
  return answers;
}

interface Trial {
  readonly target: Target;
  readonly client: BrokerClient;
  readonly random: SeededRandom;
  readonly path: string;
}

async function tryPath(target: Target, client: BrokerClient, random: SeededRandom): Promise<void> {
  await random.pick(TRIALS)({ target, client, random, path: hostilePath(random) });
}

const WITH_TOKEN = { version: VERSION, properties: GOOD } as const;
const HOSTILE_CLIENT = "127.0.0.66:9060";

/** What can be asked of a path, with the right token. */
const TRIALS: readonly ((trial: Trial) => Promise<void>)[] = [
  async ({ target, client, path }) => {
    const request = { ...WITH_TOKEN, path, openMode: 1, clientId: HOSTILE_CLIENT } as const;
    const { opStatus, fd } = await client.call("openWriter", request);
    requireAllowed(target, "openWriter", opStatus, path);
    if (fd !== undefined) await abandon(client, path, fd);
  },
  async ({ target, client, path }) => {
    const status = await client.call("deletePath", { ...WITH_TOKEN, path });
    requireAllowed(target, "deletePath", status, path);
  },
  async ({ target, client, path }) => {
    await tryRename(target, client, path, `${path.replace(/\.part$/, "")}.${SUM}`);
  },
  async ({ target, client, random, path }) => {
    const source = random.below(2) === 0 ? OWN_PART : path;
    await tryRename(target, client, source, hostilePath(random));
  },
  async ({ client, path }) => {
    const request = { ...WITH_TOKEN, path, startOffset: 0n, clientId: HOSTILE_CLIENT };
    const { opStatus, fd } = await client.call("openReader", request);
    requireThat(
      opStatus.statusCode !== 0 || fd !== undefined,
      "openReader is OK without a descriptor",
    );
    if (fd !== undefined) await requireHarmless(client, path, fd);
  },
  async ({ client, random, path }) => {
    const asked = { ...WITH_TOKEN, path, isRecursive: true, fileNameOnly: random.below(2) === 0 };
    const { files = [] } = await client.call("listPath", asked);
    const isShown = files.some((f) => shows(f.path, path));
    requireThat(!isShown, `listPath ${JSON.stringify(path)} shows a foreign file`);
  },
  async ({ client, path }) => {
    const { isPathExist } = await client.call("checkPathExist", { ...WITH_TOKEN, path });
    requireThat(
      !isPathExist || !path.includes(CANARY),
      `checkPathExist ${JSON.stringify(path)} tells`,
    );
  },
];

function shows(name: string, asked: string): boolean {
  return name.includes(CANARY) && !asked.includes(CANARY);
}

async function tryRename(
  target: Target,
  client: BrokerClient,
  srcPath: string,
  destPath: string,
): Promise<void> {
  const names = { version: VERSION, srcPath, destPath, properties: GOOD } as const;
  const status = await client.call("renamePath", names);
  requireAllowed(target, "renamePath", status, srcPath);
  requireAllowed(target, "renamePath", status, destPath);
}

/** `__repo_info` is taken and forgotten; whatever else is taken must be a file of the own snapshot. */
function requireAllowed(
  target: Target,
  method: string,
  status: OperationStatus,
  path: string,
): void {
  if (status.statusCode !== 0) return;
  const isRepoInfo = method === "openWriter" && path.endsWith("/__repo_info");
  const may = isRepoInfo || (target.mode === "backup" && isOwnFile(path));
  requireThat(may, `${method} of ${JSON.stringify(path.slice(0, 300))} was taken`);
}

async function abandon(client: BrokerClient, path: string, fd: BrokerFd): Promise<void> {
  await client.call("closeWriter", { version: VERSION, fd });
  await client.call("deletePath", { version: VERSION, path, properties: GOOD });
}

async function requireHarmless(client: BrokerClient, path: string, fd: BrokerFd): Promise<void> {
  const asked = { version: VERSION, fd, offset: 0n, length: 2n ** 53n - 1n } as const;
  const { data = [] } = await client.call("pread", asked);
  requireThat(
    !Buffer.concat(data).includes(CANARY),
    `openReader ${JSON.stringify(path)} reads a foreign file`,
  );
  await client.call("closeReader", { version: VERSION, fd });
}

function everyPathMethod(
  path: string,
  properties: ReadonlyMap<string, string>,
): readonly Uint8Array[] {
  const base = { version: VERSION, path, properties } as const;
  const clientId = "127.0.0.66:9060";
  const names = {
    version: VERSION,
    srcPath: path,
    destPath: path.replace(/part$/, SUM),
    properties,
  } as const;
  return [
    ...encodeCall("listPath", 1, { ...base, isRecursive: false }),
    ...encodeCall("checkPathExist", 2, base),
    ...encodeCall("openReader", 3, { ...base, startOffset: 0n, clientId }),
    ...encodeCall("openWriter", 4, { ...base, openMode: 1, clientId }),
    ...encodeCall("deletePath", 5, base),
    ...encodeCall("renamePath", 6, names),
  ];
}

/** Forged ones, and one beside a real one. */
async function descriptors(
  target: Target,
  client: BrokerClient,
  random: SeededRandom,
): Promise<BrokerFd[]> {
  const bytes = random.bytes(16);
  const forged: BrokerFd[] = [
    { high: 0n, low: 0n },
    { high: bytes.readBigInt64BE(0), low: bytes.readBigInt64BE(8) },
    { high: -(2n ** 63n), low: 2n ** 63n - 1n },
  ];
  if (target.mode === "backup") return forged;
  const asked = {
    path: READABLE_PATH,
    startOffset: 0n,
    clientId: "127.0.0.66:9060",
    properties: GOOD,
  };
  const { fd } = await client.call("openReader", { version: VERSION, ...asked });
  if (fd === undefined) return forged;
  await client.call("closeReader", { version: VERSION, fd });
  return [...forged, fd, { high: fd.high, low: fd.low ^ 1n }, { high: fd.low, low: fd.high }];
}

async function tryDescriptor(target: Target, fd: BrokerFd, random: SeededRandom): Promise<void> {
  const client = await BrokerClient.connect(target.host, target.port);
  try {
    const [method, answer] = await inTime(
      useDescriptor(client, fd, random),
      "an answer about a descriptor",
    );
    // Closing twice is a repeat, which is fine; it closes nothing.
    requireThat(
      answer.statusCode !== 0 || method === "closeReader",
      `${method} of a forged descriptor is OK`,
    );
  } finally {
    client.close();
  }
}

async function useDescriptor(
  client: BrokerClient,
  fd: BrokerFd,
  random: SeededRandom,
): Promise<[string, OperationStatus]> {
  const base = { version: VERSION, fd } as const;
  switch (random.below(4)) {
    case 0: {
      const { opStatus } = await client.call("pread", { ...base, offset: 0n, length: 100n });
      return ["pread", opStatus];
    }
    case 1:
      return ["pwrite", await client.pwrite({ ...base, offset: 0n }, [Buffer.alloc(1000)])];
    case 2:
      return ["closeWriter", await client.call("closeWriter", base)];
    default:
      return ["closeReader", await client.call("closeReader", base)];
  }
}

function aPing(): Buffer {
  return Buffer.concat(encodeCall("ping", 1, PING));
}

/** The same call under another name. */
function renamed(call: Buffer, name: string): Buffer {
  const length = call.readInt32BE(4);
  const head = Buffer.alloc(4);
  head.writeInt32BE(Buffer.byteLength(name));
  return Buffer.concat([call.subarray(0, 4), head, Buffer.from(name), call.subarray(8 + length)]);
}

function statusOf(value: Readonly<Record<string, unknown>>): OperationStatus {
  return (value["opStatus"] ?? value) as OperationStatus;
}

function requireThat(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what);
}

/** The recorded conversations as bytes: the samples' calls in the order in which StarRocks made them. */
const TRANSCRIPTS: readonly (readonly Buffer[])[] = readdirSync(TESTDATA)
  .filter((name) => name.endsWith(".jsonl"))
  .map((name) => transcript(readFileSync(new URL(name, TESTDATA), "utf8")));

function transcript(lines: string): readonly Buffer[] {
  return lines
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { readonly m?: string; readonly n?: number })
    .flatMap(({ m = "", n = 0 }, i) => (isMethodName(m) ? [sampleCall(m, i, n)] : []));
}

function sampleCall(method: string, seqId: number, bytes: number): Buffer {
  const sample = SAMPLES.find((s) => s.method === method);
  if (sample === undefined) throw new Error(`no sample of ${method}`);
  const payload = method === "pwrite" ? [Buffer.alloc(Math.min(bytes, 2000))] : [];
  return Buffer.concat(encodeCall(sample.method, seqId, sample.request as never, payload));
}
