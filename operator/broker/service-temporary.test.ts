// What an agent writes for a while only, and what stays: staged objects, notes and intents must not be billed as what
// stays is (a class of storage with a time at the least), and nothing that stays may lack the class.
import { expect } from "chai";
import {
  content,
  Fixture,
  md5,
  requireOk,
  SNAPSHOT,
  STAGING_KEY,
  TABLET,
  until,
} from "./testing/service-fixture.ts";

/** Everything under the staging is temporary, and nothing else. */
function expectTemporary({ memory }: Fixture, staged: number): void {
  const keys = memory.keys().filter((key) => key.startsWith(`${STAGING_KEY}/`));
  expect(keys).to.have.length(staged);
  expect(memory.temporaryKeys()).to.deep.equal(keys);
}

describe("BrokerService, what does not stay", () => {
  for (const [size, what] of [
    [100, "a small file"],
    [5000, "a large file"],
  ] as const) {
    const bytes = content(size);

    it(`leaves nothing temporary of ${what}`, async () => {
      const fixture = new Fixture({ answerAfterMs: 60_000 });
      await fixture.writeFile(`${TABLET}/a.dat.part`, bytes);
      requireOk(await fixture.rename(`${TABLET}/a.dat.part`, `${TABLET}/a.dat.${md5(bytes)}`));
      expect(fixture.memory.keys()).to.have.length(1);
      expectTemporary(fixture, 0);
    });

    it(`stages ${what} of the FE, with its note, as temporary`, async () => {
      const fixture = new Fixture();
      const source = `${SNAPSHOT}/__meta.part`;
      await fixture.writeFile(source, bytes);
      expectTemporary(fixture, 2);
      requireOk(await fixture.rename(source, `${SNAPSHOT}/__meta.${md5(bytes)}`));
      expect(fixture.memory.keys()).to.have.length(1);
      expectTemporary(fixture, 0);
    });

    it(`writes ${what} that is not renamed to stay`, async () => {
      const fixture = new Fixture();
      await fixture.writeFile(`${SNAPSHOT}/__meta.${md5(bytes)}`, bytes);
      expect(fixture.memory.keys()).to.have.length(1);
      expectTemporary(fixture, 0);
    });
  }

  it("stages a large file and its intent as temporary", async () => {
    const bytes = content(5000);
    const fixture = new Fixture({ answerAfterMs: 1 });
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "move", hold: hold.promise });
    await fixture.writeFile(`${TABLET}/a.dat.part`, bytes);
    requireOk(await fixture.rename(`${TABLET}/a.dat.part`, `${TABLET}/a.dat.${md5(bytes)}`));
    await until(() => fixture.memory.keys().length === 2);
    expectTemporary(fixture, 2);
    hold.resolve();
    await fixture.service.settle();
    expect(fixture.memory.keys()).to.have.length(1);
    expectTemporary(fixture, 0);
  });
});
