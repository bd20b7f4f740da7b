import { expect } from "chai";
import { whoGivesWay } from "./server-room.ts";
import { gate, OK, PING, pingCall, ServerFixture, turns, until } from "./testing/server-fixture.ts";

function caller(name: string, address: string, stillSinceMs: number, isAtWork = false) {
  const call = { method: "pwrite", connection: 1, sinceMs: 0, peerMs: 0 } as const;
  return { name, address, stillSinceMs, inFlight: () => (isAtWork ? call : undefined) };
}

describe("whoGivesWay", () => {
  const cases = [
    { name: "nobody, when all work", open: [caller("a", "x", 1, true)], gives: undefined },
    {
      name: "the stillest of the address that has most",
      open: [
        caller("quiet neighbour", "x", 0),
        caller("newer", "y", 9),
        caller("older", "y", 5),
        caller("at work", "y", 1, true),
      ],
      gives: "older",
    },
    {
      name: "another one, when all of the crowd are at work",
      open: [caller("a", "y", 1, true), caller("b", "y", 2, true), caller("c", "x", 3)],
      gives: "c",
    },
  ];
  for (const { name, open, gives } of cases) {
    it(name, () => expect(whoGivesWay(open)?.name).to.equal(gives));
  }
});

describe("BrokerServer, when too many connect", () => {
  let fixture: ServerFixture;
  afterEach(() => fixture.close());

  it("serves a new caller, and closes one that was silent", async () => {
    fixture = await ServerFixture.start({}, { connectionsMax: 3 });
    const [first, half] = [await fixture.raw(), await fixture.raw()];
    // Bytes that make no call are no reason to stay.
    await half.send(pingCall(1).subarray(0, 10));
    const busy = await fixture.client();
    for (let left = 3; left > 0; left -= 1) {
      await fixture.clock.advance(10);
      expect(await busy.call("ping", PING)).to.deep.equal(OK);
      const newcomer = await fixture.client();
      expect(await newcomer.call("ping", PING)).to.deep.equal(OK);
    }
    await until(() => first.ended && half.ended, "the silent ones' end");
    expect(await busy.call("ping", PING)).to.deep.equal(OK);
    const warnings = fixture.log.lines.filter((l) => l.message.startsWith("closed a silent"));
    expect(warnings).to.have.length(1);
  });

  it("ends no call that is worked on: then a new caller must come again", async () => {
    const done = gate();
    let calls = 0;
    const ping = async () => {
      calls += 1;
      await done.opened;
      return OK;
    };
    fixture = await ServerFixture.start({ ping }, { connectionsMax: 1 });
    const answered = (await fixture.client()).call("ping", PING);
    await until(() => calls === 1, "the call");
    const newcomer = await fixture.raw();
    await until(() => newcomer.ended, "the refusal");
    done.open();
    expect(await answered).to.deep.equal(OK);
    await turns(50);
    const later = await fixture.client();
    expect(await later.call("ping", PING)).to.deep.equal(OK);
  });
});
