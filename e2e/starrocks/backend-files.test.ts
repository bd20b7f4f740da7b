// How long a BE of each release waits for a broker, and what it repeats; the table is written from the facts.
import { expect } from "chai";
import { BrokerFiles } from "./backend-files.ts";
import { RELEASES, type Release } from "./profile.ts";
import { profileOf } from "./profiles.ts";
import { Violations } from "./violations.ts";
import { ClientCache, type CallLimits } from "./wire/client-cache.ts";
import { TransportProblem } from "./wire/broker-connection.ts";

/** 0: for ever. */
interface Patience {
  readonly callMs: number;
  readonly directoryMs: number;
  /** The time limit of the call that follows a failed one; undefined: there is none. */
  readonly afterTransport: number | undefined;
  readonly afterOther: number | undefined;
}

const OLD = { callMs: 10_000, directoryMs: 30_000, afterTransport: 0, afterOther: undefined };
const MIDDLE = { ...OLD, callMs: 0 };
const NEW = { callMs: 0, directoryMs: 30_000, afterTransport: 7, afterOther: 7 };
const PATIENCE: Readonly<Record<Release, Patience>> = {
  "2.5": OLD,
  "3.1": MIDDLE,
  "3.3.0": MIDDLE,
  "3.3.2": MIDDLE,
  "3.4": NEW,
  "3.5": NEW,
  "4.1": NEW,
  "4.2": NEW,
};

const ADDRESS = { host: "127.0.0.1", port: 1 };
const FD = { high: 1n, low: 1n };

for (const release of RELEASES) {
  describe(`a BE of ${release}`, () => {
    const patience = PATIENCE[release];
    const { backend } = profileOf(release);

    /** A client whose calls fail once, and the time limits that they came with. */
    function failingOnce(failure: Error) {
      const limits: number[] = [];
      const client = {
        call: (_method: string, _request: object, timeoutMs: number) => {
          limits.push(timeoutMs);
          return limits.length === 1 ? Promise.reject(failure) : Promise.resolve({ statusCode: 0 });
        },
        reopen: () => Promise.resolve(),
      };
      return { limits, client: client as unknown as Parameters<ClientCache["callOn"]>[0] };
    }

    async function limitsAfter(failure: Error, repeat = true): Promise<readonly number[]> {
      const profile = { ...backend, retryDelayMs: 0 };
      const cache = new ClientCache({ profile, localAddress: "127.0.0.1", lookup: async (h) => h });
      const { limits, client } = failingOnce(failure);
      const asked = cache.callOn(client, "closeWriter", { fd: FD }, { timeoutMs: 7, repeat });
      await asked.catch(() => undefined);
      return limits;
    }

    it("waits for its answers so long and no longer", async () => {
      const seen = new Map<string, CallLimits>();
      const note = (method: string, limits: CallLimits) => {
        seen.set(method, limits);
        return Promise.resolve({ opStatus: { statusCode: 0 }, statusCode: 0, fd: FD, files: [] });
      };
      const cache = {
        call: (_at: object, method: string, _r: object, limits: CallLimits) => note(method, limits),
        callOn: (_c: object, method: string, _r: object, limits: CallLimits) =>
          note(method, limits),
      } as unknown as ClientCache;
      const files = new BrokerFiles({
        cache,
        profile: backend,
        address: ADDRESS,
        properties: {},
        clientId: "be:9060",
        violations: new Violations(),
      });
      const held = {} as Parameters<BrokerFiles["rename"]>[0];
      const file = await files.openWritable("backup://m/f.part");
      await file.append(Buffer.from("x"));
      await file.close();
      await files.rename(held, "backup://m/f.part", "backup://m/f.md5");
      await files.listDirectory(held, "backup://m");
      const limitOf = (method: string) => seen.get(method)?.timeoutMs;
      for (const method of ["checkPathExist", "openWriter", "pwrite", "closeWriter"]) {
        expect(limitOf(method), method).to.equal(patience.callMs);
      }
      for (const method of ["renamePath", "listPath"]) {
        expect(limitOf(method), method).to.equal(patience.directoryMs);
      }
      expect(seen.get("pwrite")?.repeat).to.equal(false);
    });

    it("repeats what it repeats, with the time limit that it has then", async () => {
      const lost = new TransportProblem("closed", "Socket is closed by peer.");
      const other = new Error("another thrift exception");
      expect((await limitsAfter(lost))[1]).to.equal(patience.afterTransport);
      expect((await limitsAfter(other))[1]).to.equal(patience.afterOther);
      expect(await limitsAfter(lost, false)).to.deep.equal([7]);
    });
  });
}
