// The agent's one-shot commands as rows of a table: what each finds, what it does, and what it must leave.
// They run in this process, on the real driver with its layers, so that a row takes a few requests' time.
import { createHash } from "node:crypto";
import { recordIntent } from "../../operator/broker/intents.ts";
import { runCatalog } from "../../operator/agent/commands/catalog.ts";
import type { CommandDeps } from "../../operator/agent/commands/command.ts";
import { runProbe } from "../../operator/agent/commands/probe.ts";
import { runPrune } from "../../operator/agent/commands/prune.ts";
import { runSeal } from "../../operator/agent/commands/seal.ts";
import {
  UID,
  layout,
  makeDeps,
  makeSnapshot,
  sealOptions,
  type Fixture,
  type TestDeps,
} from "../../operator/agent/commands/testing/snapshot-fixture.ts";
import { runVerify } from "../../operator/agent/commands/verify.ts";
import type { Outcome } from "../../operator/agent/outcome.ts";
import { systemClock } from "../../operator/clock.ts";
import { silentLog } from "../../operator/log.ts";
import { Secret } from "../../operator/secret.ts";
import { openStorage } from "../../operator/storage/open.ts";
import type { Storage } from "../../operator/storage/storage.ts";
import { collect, pattern, readAll } from "../../operator/storage/testing/collect.ts";
import type { FaultProxy } from "../servers/fault-proxy.ts";

const LABEL = "nightly";
const MIB = 1024 * 1024;
/** Far more than a busy machine needs; nothing here stands still. */
const PATIENT = { requestMs: 60_000, slowRequestMs: 60_000, stallMs: 60_000 };

/** A command in the surroundings it is made for. */
export interface Work {
  readonly name: string;
  /** Makes what the command finds. */
  readonly prepare: (storage: Storage) => Promise<void>;
  readonly run: (deps: CommandDeps) => Promise<Outcome>;
}

const seal = (deps: CommandDeps): Promise<Outcome> => runSeal(deps, sealOptions(LABEL));
const lists = { label: LABEL, lists: true };

async function prepareSealed(storage: Storage): Promise<void> {
  await makeSnapshot(storage, lists);
  await seal(makeDeps(storage));
}

export const WORKS: readonly Work[] = [
  {
    name: "probe",
    prepare: async () => {},
    run: (deps) => runProbe(deps, { repositoryName: "nightly", readOnly: false }),
  },
  {
    name: "probe of a repository to read",
    prepare: async (storage) => void (await makeSnapshot(storage, lists)),
    run: (deps) => runProbe(deps, { repositoryName: "nightly", readOnly: true }),
  },
  {
    name: "catalog",
    prepare: async (storage) => {
      await prepareSealed(storage);
      await makeSnapshot(storage, { label: "native", owner: null });
    },
    run: runCatalog,
  },
  {
    name: "seal",
    // One is copied in parts, as large ones are.
    prepare: (storage) => prepareOpenWork(storage, pattern(6 * MIB)),
    run: seal,
  },
  { name: "seal once more", prepare: prepareSealed, run: seal },
  {
    name: "verify",
    prepare: prepareSealed,
    run: (deps) => runVerify(deps, { label: LABEL, mode: "list" }),
  },
  {
    name: "verify with checksums",
    prepare: prepareSealed,
    run: (deps) => runVerify(deps, { label: LABEL, mode: "checksums" }),
  },
  {
    name: "verify of StarRocks' own snapshot",
    prepare: async (storage) =>
      void (await makeSnapshot(storage, { ...lists, owner: null, tabletManifests: true })),
    run: (deps) => runVerify(deps, { label: LABEL, mode: "checksums" }),
  },
  {
    name: "prune",
    prepare: prepareSealed,
    run: (deps) => runPrune(deps, { label: LABEL, backupUid: UID }),
  },
  {
    name: "prune of a failed attempt",
    prepare: (storage) => prepareOpenWork(storage),
    run: (deps) => runPrune(deps, { label: LABEL, backupUid: UID }),
  },
];

/** A snapshot of which one file is still to be copied, one still to be completed, and which left an upload. */
async function prepareOpenWork(storage: Storage, copied = pattern(1000)): Promise<void> {
  const f = await makeSnapshot(storage, lists);
  await leaveCopy(storage, f, copied);
  await leaveUpload(storage, f, f.fileKey("11032", "02000c_0.dat"));
  await (await storage.upload(f.staging.data("given-up"))).part(Buffer.alloc(10));
}

async function leaveCopy(storage: Storage, f: Fixture, body: Buffer): Promise<void> {
  const { staging } = f;
  const to = f.fileKey("11012", "02000a_0.dat");
  const from = staging.data("copied");
  await storage.delete(to);
  const { size } = await storage.put(from, body);
  await recordIntent(storage, staging, { version: 1, id: "i1", from, to, size });
}

async function leaveUpload(storage: Storage, { staging }: Fixture, to: string): Promise<void> {
  const from = staging.data("completed");
  const body = await readAll(storage, to);
  await storage.delete(to);
  const staged = await storage.upload(from);
  await staged.part(body);
  const upload = staged.state();
  const size = body.length;
  await recordIntent(storage, staging, { version: 1, id: "i2", from, to, size, upload });
}

/** A place of its own for each run, on one server. */
export function storageAt(proxy: FaultProxy, folder: string): Storage {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = proxy;
  return openStorage(
    {
      location: `s3://${bucket}/${folder}`,
      s3: {
        endpoint,
        credentials: { accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
        copyLimits: { singleBytesMax: 5 * MIB, partBytes: 5 * MIB },
        timeouts: PATIENT,
      },
      retry: { firstDelayMs: 1, delayMaxMs: 5 },
    },
    { clock: systemClock, random: () => 0.5, log: silentLog },
  );
}

export function depsOn(storage: Storage): TestDeps {
  return makeDeps(storage);
}

/** Every object with a hash of its content, and every upload that is open. */
export async function stateOf(storage: Storage): Promise<readonly string[]> {
  const rows = await collect(storage.list(""));
  const objects = rows.flatMap((row) => (row.kind === "object" ? [row.key] : []));
  const hashed = objects.map(async (key) => {
    const hash = createHash("md5").update(await readAll(storage, key));
    return `${key} ${hash.digest("hex")}`;
  });
  const uploads = await collect(storage.listUploads(""));
  return [...(await Promise.all(hashed)), ...uploads.map(({ key }) => `upload of ${key}`)];
}

export async function emptied(storage: Storage): Promise<void> {
  const rows = await collect(storage.list(""));
  await storage.deleteMany(rows.flatMap((row) => (row.kind === "object" ? [row.key] : [])));
}

/** What StarRocks sees of the snapshot. */
export function isVisible(state: readonly string[]): boolean {
  return state.some((row) => row.startsWith(layout.snapshot(LABEL).infos()));
}
