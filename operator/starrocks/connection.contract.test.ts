// What the connection does when things go wrong: lost answers, moved leaders, stale sockets, slow FEs. The FEs
// here are scripted.
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { systemClock } from "../clock.ts";
import type { Log } from "../log.ts";
import { Secret } from "../secret.ts";
import { SqlError } from "../../e2e/starrocks/sql/errors.ts";
import { FrontendError, type Frontend } from "./frontend.ts";
import { openFrontend, type OpenFrontendOptions } from "./open.ts";
import { reasonOf } from "./testing/frontend-contract.ts";
import { PASSWORD, ScriptedFrontend } from "./testing/scripted-fe.ts";

const STALE =
  "Unexpected exception: failed to list remote path: backup://mount/x. msg: Socket is closed by peer., broker: b";
const BACKUP = { database: "shop", label: "l1", repository: "r1", timeoutSeconds: 600 };

describe("connection to StarRocks", () => {
  let fes: ScriptedFrontend[] = [];
  let opened: Frontend[] = [];
  let lines: string[] = [];

  const log: Log = {
    error: (m, f) => void lines.push(`error ${m} ${JSON.stringify(f)}`),
    warn: (m, f) => void lines.push(`warn ${m} ${JSON.stringify(f)}`),
    info: (m, f) => void lines.push(`info ${m} ${JSON.stringify(f)}`),
    debug: (m, f) => void lines.push(`debug ${m} ${JSON.stringify(f)}`),
    child: () => log,
  };

  afterEach(async () => {
    for (const frontend of opened) await frontend.close();
    for (const { server } of fes) await server.kill();
    [fes, opened, lines] = [[], [], []];
  });

  async function fe(host = "127.0.0.61"): Promise<ScriptedFrontend> {
    const frontend = await ScriptedFrontend.start(host);
    fes.push(frontend);
    return frontend;
  }

  /** The first one leads. */
  async function twoFes(): Promise<readonly [ScriptedFrontend, ScriptedFrontend]> {
    const two = [await fe("127.0.0.61"), await fe("127.0.0.62")] as const;
    two[1].leads = false;
    for (const one of two) one.nodes = () => two;
    return two;
  }

  function open(options: Partial<OpenFrontendOptions> = {}): Frontend {
    const frontend = openFrontend({
      frontends: fes.map((f) => f.address),
      user: "op",
      password: new Secret(PASSWORD),
      clock: systemClock,
      log,
      ...options,
    });
    opened.push(frontend);
    return frontend;
  }

  it("sets each session up, and takes a refusal of that for an answer", async () => {
    const one = await fe();
    one.script = (sql) =>
      sql.startsWith("SET ") ? new SqlError("Unknown system variable") : undefined;
    expect(await open().brokers()).to.deep.equal([]);
    expect(one.asked).to.deep.equal([
      "op: SET ROLE ALL",
      "op: SET forward_to_leader = true",
      "op: SET time_zone = '+08:00'",
      "op: SHOW FRONTENDS",
      "op: SHOW BROKER",
    ]);
  });

  it("reads names as they are written, whatever their characters", async () => {
    const names = ["größe", "e\u0301", "表", "🦀", "\u05e9\u05dc\u05d5\u05dd", "a`b'c\"d\\"];
    const one = await fe();
    one.script = (sql) =>
      sql === "SHOW DATABASES"
        ? { columns: ["Database"], rows: names.map((name) => [name]) }
        : undefined;
    expect(await open().databases()).to.deep.equal(names);
  });

  it("asks the leader, from whatever FE it starts", async () => {
    const [leader, follower] = await twoFes();
    await open({ frontends: [follower.address] }).brokers();
    expect([leader.count("SHOW BROKER"), follower.count("SHOW BROKER")]).to.deep.equal([1, 0]);
  });

  it("finds the new leader when the old one breaks off", async () => {
    const [first, second] = await twoFes();
    const frontend = open();
    await frontend.brokers();
    [first.leads, second.leads] = [false, true];
    first.server.breakConnections();
    await frontend.brokers();
    expect([first.count("SHOW BROKER"), second.count("SHOW BROKER")]).to.deep.equal([1, 1]);
  });

  it("finds a leader that moved on, though no given address is left", async () => {
    const [first, second] = await twoFes();
    const frontend = open({ frontends: [second.address] });
    await frontend.brokers();
    await second.server.kill();
    first.server.breakConnections();
    await frontend.brokers();
    expect(first.count("SHOW BROKER")).to.equal(2);
  });

  it("looks for the leader when an answer says that this one is not", async () => {
    const [first, second] = await twoFes();
    const frontend = open();
    await frontend.brokers();
    first.script = (sql) => {
      if (sql !== "SHOW REPOSITORIES") return undefined;
      [first.leads, second.leads] = [false, true];
      return new SqlError("UNKNOWN: leader is unknown, please retry later");
    };
    await frontend.repositories();
    expect(second.count("SHOW REPOSITORIES")).to.equal(1);
  });

  it("asks no follower when the leader's address leads nowhere, says so, and finds it again", async () => {
    const [leader, follower] = await twoFes();
    leader.advertised = "127.0.0.1";
    const frontend = open({ frontends: [follower.address] });
    const error = await frontend.brokers().catch((e: unknown) => e);
    expect(error).to.include({ reason: "FrontendUnreachable", heals: true });
    expect(String(error)).to.match(
      /the leading FE 127\.0\.0\.1:\d+ cannot be reached from here .* a follower says may be old/,
    );
    expect(follower.count("SHOW BROKER")).to.equal(0);
    leader.advertised = leader.host;
    await frontend.brokers();
    expect(leader.count("SHOW BROKER")).to.equal(1);
  });

  it("tries the next address when a follower that lags tells a leader that is gone", async () => {
    const [leader, follower] = await twoFes();
    const gone = await fe("127.0.0.63");
    await gone.server.kill();
    const lagging = await fe("127.0.0.64");
    lagging.leads = false;
    lagging.nodes = () => [gone, follower, lagging];
    await open({ frontends: [lagging.address, follower.address] }).brokers();
    expect([leader.count("SHOW BROKER"), lagging.count("SHOW BROKER")]).to.deep.equal([1, 0]);
  });

  for (const [what, ask, sql] of [
    ["jobs", (f: Frontend) => f.jobs("shop"), "SHOW RESTORE"],
    ["tables", (f: Frontend) => f.tables("shop"), "information_schema.tables "],
  ] as const) {
    it(`reads ${what} on an FE that still leads, also when the old one's connection stays`, async () => {
      const [first, second] = await twoFes();
      const frontend = open();
      await frontend.brokers();
      [first.leads, second.leads] = [false, true];
      await ask(frontend);
      expect([first.count(sql), second.count(sql)]).to.deep.equal([0, 1]);
    });
  }

  it("takes the only FE for the leader, whatever address it tells", async () => {
    const one = await fe();
    one.advertised = "10.1.2.3";
    await open().brokers();
    expect(lines.filter((l) => l.startsWith("warn"))).to.deep.equal([]);
  });

  it("works for a user that may not see who leads", async () => {
    const one = await fe();
    const text =
      "Access denied; you need (at least one of) the OPERATE OR NODE privilege(s) on SYSTEM for this operation.";
    one.script = (sql) =>
      sql === "SHOW FRONTENDS" || sql === "SHOW BROKER" ? new SqlError(text) : undefined;
    const frontend = open();
    expect(await frontend.repositories()).to.deep.equal([]);
    const error = await frontend.brokers().catch((e: unknown) => e);
    expect(error).to.be.instanceOf(FrontendError).and.to.include({ reason: "RightMissing" });
    expect(String(error)).to.include("run: GRANT OPERATE ON SYSTEM TO USER 'op'@'%'");
  });

  it("repeats what may be repeated over a connection that broke off", async () => {
    const one = await fe();
    let breaks = 2;
    one.script = (sql) => (sql === "SHOW BROKER" && (breaks -= 1) >= 0 ? "break" : undefined);
    expect(await open().brokers()).to.deep.equal([]);
    expect(one.count("SHOW BROKER")).to.equal(3);
  });

  for (const [verb, run] of [
    ["BACKUP", (f: Frontend) => f.backup(BACKUP)],
    [
      "RESTORE",
      (f: Frontend) =>
        f.restore({
          ...BACKUP,
          timestamp: "2026-11-21-01-35-06-837",
          tables: [{ name: "t", partitions: [] }],
          replicationNum: 1,
        }),
    ],
  ] as const) {
    it(`sends ${verb} once, and does not know what came of it when the answer is lost`, async () => {
      const one = await fe();
      one.script = (sql) => (sql.startsWith(verb) ? "break" : undefined);
      expect(await reasonOf(run(open()))).to.equal("OutcomeUnknown");
      expect(one.count(`${verb} SNAPSHOT`)).to.equal(1);
    });

    it(`sends ${verb} once when no answer comes in time`, async () => {
      const one = await fe();
      one.script = (sql) => (sql.startsWith(verb) ? "hang" : undefined);
      const frontend = open({ timeouts: { brokerStatementMs: 100 } });
      expect(await reasonOf(run(frontend))).to.equal("OutcomeUnknown");
      one.script = () => undefined;
      await frontend.brokers();
      expect(one.count(`${verb} SNAPSHOT`)).to.equal(1);
    });

    it(`sends ${verb} over a connection that it has just seen alive`, async () => {
      const [first, second] = await twoFes();
      const frontend = open();
      await frontend.brokers();
      first.server.breakConnections();
      await run(frontend);
      [first.leads, second.leads] = [false, true];
      await run(frontend);
      expect([first.count(`${verb} `), second.count(`${verb} `)]).to.deep.equal([1, 1]);
    });
  }

  it("cannot tell what the lost answer to a BACKUP means that was handed on", async () => {
    const one = await fe();
    one.script = (sql) =>
      sql.startsWith("BACKUP")
        ? new SqlError("org.apache.thrift.transport.TTransportException: Read timed out")
        : undefined;
    expect(await reasonOf(open().backup(BACKUP))).to.equal("OutcomeUnknown");
  });

  it("repeats over six stale broker sockets of the FE, also BACKUP", async () => {
    const one = await fe();
    let stale = 6;
    one.script = (sql) =>
      sql.startsWith("BACKUP") && (stale -= 1) >= 0 ? new SqlError(STALE) : undefined;
    await open().backup(BACKUP);
    expect(one.count("BACKUP")).to.equal(7);
  });

  it("repeats over stale sockets that SHOW SNAPSHOT tells in a row", async () => {
    const one = await fe();
    let stale = 2;
    one.script = (sql) => {
      if (!sql.startsWith("SHOW SNAPSHOT")) return undefined;
      const status =
        (stale -= 1) >= 0 ? `ERROR: Failed to get info: ${STALE}` : "ERROR: no snapshot";
      return { columns: ["Snapshot", "Timestamp", "Status"], rows: [["l1", "", status]] };
    };
    expect((await open().snapshot("r1", "l1")).status).to.equal("ERROR: no snapshot");
    expect(one.count("SHOW SNAPSHOT")).to.equal(3);
  });

  it("gives up on sockets that stay stale", async () => {
    const one = await fe();
    one.script = (sql) => (sql.startsWith("BACKUP") ? new SqlError(STALE) : undefined);
    expect(await reasonOf(open().backup(BACKUP))).to.equal("BrokerCallFailed");
    expect(one.count("BACKUP")).to.equal(10);
  });

  it("repeats no other refusal", async () => {
    const one = await fe();
    one.script = (sql) => (sql.startsWith("BACKUP") ? new SqlError("something new") : undefined);
    expect(await reasonOf(open().backup(BACKUP))).to.equal("StatementFailed");
    expect(one.count("BACKUP")).to.equal(1);
  });

  it("sends one statement at a time, whoever asks", async () => {
    const one = await fe();
    let [running, most] = [0, 0];
    one.script = async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(1);
      running -= 1;
      return undefined;
    };
    const frontend = open({ mountUser: "admin", mountPassword: new Secret(PASSWORD) });
    const asked = Array.from({ length: 10 }, () => [frontend.brokers(), frontend.dropBroker("b")]);
    await Promise.all(asked.flat());
    expect([most, one.count("SHOW BROKER"), one.count("DROP ALL")]).to.deep.equal([1, 10, 10]);
    expect(one.count("SHOW FRONTENDS")).to.equal(2);
  });

  it("lets no more than so many wait", async () => {
    const one = await fe();
    one.script = (sql) => (sql === "SHOW BROKER" ? "hang" : undefined);
    const frontend = open();
    const waiting = Array.from({ length: 300 }, () => reasonOf(frontend.brokers()));
    const error = await frontend.brokers().catch((e: unknown) => e);
    expect(error).to.include({ reason: "FrontendUnreachable", heals: true });
    expect(String(error)).to.include("too many statements wait");
    await frontend.close();
    expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set(["FrontendUnreachable"]));
  });

  it("ends at once what runs when it is closed", async () => {
    const one = await fe();
    one.script = (sql) => (/BACKUP|BROKER/.test(sql) ? "hang" : undefined);
    const ending = new AbortController();
    const frontend = open({ signal: ending.signal });
    const [backup, waits] = [reasonOf(frontend.backup(BACKUP)), reasonOf(frontend.brokers())];
    while (one.count("BACKUP") === 0) await sleep(2);
    ending.abort();
    expect([await backup, await waits]).to.deep.equal(["OutcomeUnknown", "FrontendUnreachable"]);
  });

  it("closes a connection that is idle, and opens it again", async () => {
    const one = await fe();
    const frontend = open({ timeouts: { idleMs: 20 } });
    await frontend.brokers();
    while (!lines.some((l) => l.includes("it was idle"))) await sleep(5);
    await frontend.brokers();
    expect(one.count("SHOW FRONTENDS")).to.equal(2);
  });

  it("mounts as the other user", async () => {
    const one = await fe();
    const frontend = open({ mountUser: "admin", mountPassword: new Secret(PASSWORD) });
    await frontend.addBroker("b1", "h:1");
    await frontend.dropBroker("b1");
    await frontend.brokers();
    const said = one.asked.filter((a) => /BROKER/.test(a));
    expect(said).to.deep.equal([
      "admin: ALTER SYSTEM ADD BROKER `b1` 'h:1'",
      "admin: ALTER SYSTEM DROP ALL BROKER `b1`",
      "op: SHOW BROKER",
    ]);
  });

  it("says that no FE answers, and which", async () => {
    const one = await fe();
    await one.server.kill();
    const error = await open()
      .brokers()
      .catch((e: unknown) => e);
    expect(error).to.include({ reason: "FrontendUnreachable", heals: true });
    expect(String(error)).to.include(`FE ${one.address}`);
  });

  it("says that the password is wrong, once, and never shows it", async () => {
    await fe();
    const frontend = open({ password: new Secret("not-the-password") });
    const error = await frontend.brokers().catch((e: unknown) => e);
    expect(error).to.include({ reason: "AccessDenied", heals: false });
    expect(`${JSON.stringify(error)} ${String(error)} ${lines.join()}`).to.not.include('password"');
    expect(`${String(error)} ${lines.join()}`).to.not.match(/not-the-password|pass-of/);
  });

  it("shows no token of a repository, whatever StarRocks echoes", async () => {
    const one = await fe();
    one.script = (sql) =>
      sql.startsWith("CREATE")
        ? new SqlError(`Getting syntax error. Detail message: ${sql}`)
        : undefined;
    const request = { name: "r1", broker: "r1", location: "backup://m", readOnly: false };
    const asked = open().createRepository({ ...request, properties: { token: "t0ken-value" } });
    const error = await asked.catch((e: unknown) => e);
    expect(error).to.include({ reason: "RequestInvalid" });
    expect(`${String(error)} ${lines.join()}`).to.not.include("t0ken-value");
  });

  it("does not take a repository that StarRocks registered under another name", async () => {
    await fe();
    const request = { name: "r1", broker: "r1", location: "backup://m", readOnly: false };
    // The scripted FE says OK and then shows none.
    const asked = open().createRepository({ ...request, properties: {} });
    expect(await reasonOf(asked)).to.equal("StatementFailed");
  });

  const notAddresses = ["", "host:0", "host:99999", "http://host:9030", "a b", "host:"];
  for (const text of notAddresses) {
    it(`refuses the address ${JSON.stringify(text)}`, () => {
      expect(() => open({ frontends: [text] })).to.throw("is not host:port");
    });
  }

  it("refuses to be without an address", () => {
    expect(() => open({ frontends: [] })).to.throw("no FE address is given");
  });
});
