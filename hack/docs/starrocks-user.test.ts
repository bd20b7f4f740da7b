// docs/starrocks-user.md grants what the operator needs in each release, and nothing that it does not need: the page's own
// statements are the rights of users of the stand-in, who then say all that the operator says.
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { must } from "../../operator/assert.ts";
import { systemClock } from "../../operator/clock.ts";
import { silentLog } from "../../operator/log.ts";
import { Secret } from "../../operator/secret.ts";
import { FrontendError, type Frontend } from "../../operator/starrocks/frontend.ts";
import { openFrontend } from "../../operator/starrocks/open.ts";
import type { User } from "../../e2e/starrocks/privileges.ts";
import type { ProfileName } from "../../e2e/starrocks/profile.ts";
import { Scenario } from "../../e2e/starrocks/testing/scenario.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "docs/starrocks-user.md"), "utf8");
const PASSWORD = "only-for-this-test";

/** The rights of each user, out of the SQL below a heading. */
function rightsBelow(heading: string): ReadonlyMap<string, readonly string[]> {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [, sql] = /^```sql\n([\s\S]*?)^```$/m.exec(section.split("\n## ")[0] ?? "") ?? [];
  const held = new Map<string, string[]>();
  const give = (who: string, rights: readonly string[]): void => {
    held.set(who, [...(held.get(who) ?? []), ...rights]);
  };
  for (const line of must(sql, `no SQL below ${heading}`).split("\n")) {
    if (!line.startsWith("GRANT")) continue;
    const [, what = "", on, who = ""] =
      /^GRANT (.+?)(?: ON (.+))? TO (?:ROLE |USER )?(\w+|'\w+'@'%');$/.exec(line) ?? [];
    const names = what.split(", ").map((name) => name.replace(/_PRIV$/, ""));
    expect(names.join(), `not understood: ${line}`).not.to.equal("");
    // Without ON it is roles that are granted. NODE comes with one of them alone.
    const rights = names.flatMap((name) =>
      name === "cluster_admin" ? ["NODE"] : (held.get(name) ?? []),
    );
    give(who.replace(/^'(\w+)'@'%'$/, "$1"), on === undefined ? rights : names);
  }
  return held;
}

interface Account {
  /** Runs all but ADD and DROP BROKER; those too where there is no `mount`. */
  readonly rights: readonly string[];
  readonly mount?: readonly string[];
  readonly without?: string;
}

/** Everybody's rights, and the same without each one of them. */
function accountsOf({ rights, mount }: Account): readonly Account[] {
  const all = { rights, ...(mount === undefined ? {} : { mount }) };
  const less = (some: readonly string[], right: string) => some.filter((other) => other !== right);
  return [
    all,
    ...rights.map((right) => ({ ...all, rights: less(rights, right), without: right })),
    ...(mount ?? []).map((right) => ({ ...all, mount: less(must(mount), right), without: right })),
  ];
}

function usersOf(accounts: readonly Account[]): readonly User[] {
  return accounts.flatMap(({ rights, mount }, i) => [
    { name: `user${i}`, password: PASSWORD, privileges: rights },
    ...(mount === undefined ? [] : [{ name: `mount${i}`, password: PASSWORD, privileges: mount }]),
  ]);
}

/** Every kind of statement that the operator sends. Throws what the first refused one throws. */
async function sayAll(fe: Frontend, i: number, brokerAt: string, timestamp: string): Promise<void> {
  await fe.facts();
  await fe.brokers();
  await fe.addBroker(`b${i}`, brokerAt);
  await fe.dropBroker(`b${i}`);
  expect(await fe.tables("shop")).to.have.lengthOf(2);
  await fe.partitions("shop", "orders");
  await fe.replication("shop", "orders");
  const properties = { token: "secret" };
  const location = "backup://mount";
  await fe.createRepository({ name: `r${i}`, broker: "r", location, readOnly: false, properties });
  await fe.repositories();
  await fe.dropRepository(`r${i}`);
  const common = { database: "shop", repository: "r", timeoutSeconds: 600 };
  await fe.backup({ ...common, label: `l${i}` });
  await fe.jobs("shop");
  await fe.cancel("backup", "shop");
  await fe.snapshot("r", "whole");
  await fe.snapshotDetails("r", "whole", timestamp);
  const tables = [{ name: "orders", partitions: [] }] as const;
  await fe.restore({ ...common, label: "whole", timestamp, tables, replicationNum: 1 });
  await fe.cancel("restore", "shop");
}

const PAGE: readonly (readonly [heading: string, releases: readonly ProfileName[]])[] = [
  ["2.5", ["2.5"]],
  ["3.0 and newer", ["3.1", "3.3.2", "3.4", "3.5", "4.2"]],
  ["Two users", ["3.1", "3.3.2", "3.4", "3.5", "4.2"]],
];
/** NODE, which `cluster_admin` brings, shows the nodes as well; what else it is for can be done without. */
const SPARED = { "3.0 and newer": "OPERATE" } as const satisfies Record<string, string>;

describe("docs/starrocks-user.md", () => {
  for (const [heading, releases] of PAGE) {
    for (const profile of releases) {
      it(`grants in ${profile} all that is needed, and no more: ${heading}`, async () => {
        const held = rightsBelow(heading);
        const mount = held.get("backup_mount");
        const rights = must(held.get("backup"));
        const accounts = accountsOf({ rights, ...(mount === undefined ? {} : { mount }) });
        const scenario = await Scenario.start({ profile, speed: 200, users: usersOf(accounts) });
        try {
          await lookAt(scenario, heading, accounts);
        } finally {
          await scenario.end();
        }
      });
    }
  }
});

async function lookAt(
  scenario: Scenario,
  heading: string,
  accounts: readonly Account[],
): Promise<void> {
  const tables = [{ name: "orders" }, { name: "items" }];
  await scenario.starrocks.createDatabase({ name: "shop", tables });
  const broker = await scenario.broker("127.0.0.69");
  await scenario.mount("r", broker.address);
  const timestamp = await scenario.backup("shop", "whole", "r");
  const { host, port } = must(scenario.starrocks.frontendAddresses[0]);
  for (const [i, { mount, without }] of accounts.entries()) {
    const frontend = openFrontend({
      frontends: [`${host}:${port}`],
      user: `user${i}`,
      password: new Secret(PASSWORD),
      ...(mount === undefined
        ? {}
        : { mountUser: `mount${i}`, mountPassword: new Secret(PASSWORD) }),
      clock: systemClock,
      log: silentLog,
    });
    const said = await sayAll(frontend, i, broker.address, timestamp).then(
      () => "all of it",
      (error: unknown) => (error instanceof FrontendError ? error.reason : String(error)),
    );
    await frontend.close();
    const isSpared = without === (SPARED as Readonly<Record<string, string>>)[heading];
    const wanted = without === undefined || isSpared ? "all of it" : "RightMissing";
    expect(said, `without ${without ?? "nothing"}`).to.equal(wanted);
  }
}
