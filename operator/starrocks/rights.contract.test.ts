// Users who lack a right, against the stand-in: what each statement refuses, and the GRANT that is named.
import { expect } from "chai";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { Secret } from "../secret.ts";
import { Scenario } from "../../e2e/starrocks/testing/scenario.ts";
import { FrontendError, type Frontend } from "./frontend.ts";
import { openFrontend } from "./open.ts";

const PASSWORD = "pass-of-the-user";
const BACKUP = { database: "shop", label: "l1", repository: "r1", timeoutSeconds: 600 };

describe("rights in StarRocks", () => {
  const users = {
    "3.5": [
      { name: "nobody", password: PASSWORD, privileges: [] },
      { name: "half", password: PASSWORD, privileges: ["REPOSITORY", "EXPORT ON shop.orders"] },
      { name: "roles", password: PASSWORD, privileges: "ALL", needsSetRole: true },
    ],
    "2.5": [{ name: "nobody", password: PASSWORD, privileges: [] }],
  } as const;
  let scenario: Scenario;

  async function start(profile: "2.5" | "3.5"): Promise<(user: string) => Frontend> {
    scenario = await Scenario.start({ profile, speed: 100, users: users[profile] });
    const tables = [{ name: "orders" }, { name: "items" }];
    await scenario.starrocks.createDatabase({ name: "shop", tables });
    const broker = await scenario.broker("127.0.0.69");
    await scenario.mount("r1", broker.address);
    const { host, port } = must(scenario.starrocks.frontendAddresses[0]);
    return (user) =>
      openFrontend({
        frontends: [`${host}:${port}`],
        user,
        password: new Secret(PASSWORD),
        clock: systemClock,
        log: silentLog,
      });
  }

  async function refusal(asked: Promise<unknown>): Promise<string> {
    const error = await asked.then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).to.be.instanceOf(FrontendError).and.to.include({ reason: "RightMissing" });
    return String(error);
  }

  it("names the GRANT that each statement of 3.5 lacks", async () => {
    const as = await start("3.5");
    const [nobody, half] = [as("nobody"), as("half")];
    try {
      const asked: readonly (readonly [() => Promise<unknown>, string])[] = [
        [() => nobody.facts(), "GRANT OPERATE ON SYSTEM TO USER 'nobody'@'%'"],
        [() => nobody.brokers(), "GRANT OPERATE ON SYSTEM TO USER 'nobody'@'%'"],
        [() => nobody.addBroker("b", "h:1"), "GRANT cluster_admin TO USER 'nobody'@'%'"],
        [() => nobody.dropRepository("r1"), "GRANT REPOSITORY ON SYSTEM TO USER 'nobody'@'%'"],
        [() => nobody.jobs("shop"), "GRANT REPOSITORY ON SYSTEM TO USER 'nobody'@'%'"],
        [() => nobody.tables("shop"), "GRANT SELECT, EXPORT ON ALL TABLES IN DATABASE"],
        [() => half.backup(BACKUP), "GRANT EXPORT ON TABLE shop.items TO USER 'half'@'%'"],
      ];
      for (const [ask, grant] of asked) expect(await refusal(ask())).to.include(grant);
      expect(await half.tables("shop")).to.have.length(1);
    } finally {
      await nobody.close();
      await half.close();
      await scenario.end();
    }
  });

  it("activates the roles that a user holds", async () => {
    const as = await start("3.5");
    const roles = as("roles");
    try {
      expect(await roles.brokers()).to.have.length(1);
    } finally {
      await roles.close();
      await scenario.end();
    }
  });

  it("speaks of 2.5's own rights there", async () => {
    const as = await start("2.5");
    const nobody = as("nobody");
    try {
      expect(await refusal(nobody.backup(BACKUP))).to.include("GRANT LOAD_PRIV ON <database>.*");
      expect(await refusal(nobody.brokers())).to.include("GRANT ADMIN_PRIV ON *.*");
      expect(await refusal(nobody.cancel("backup", "shop"))).to.include(
        "GRANT LOAD_PRIV ON shop.*",
      );
    } finally {
      await nobody.close();
      await scenario.end();
    }
  });
});
