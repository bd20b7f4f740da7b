// The real Frontend against the stand-in, in every release it knows.
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { Secret } from "../secret.ts";
import { Scenario } from "../../e2e/starrocks/testing/scenario.ts";
import type { ProfileName } from "../../e2e/starrocks/profile.ts";
import { profileOf } from "../../e2e/starrocks/profiles.ts";
import { openFrontend } from "./open.ts";
import {
  CONTRACT_DATABASES,
  describeFrontend,
  type ContractSubject,
} from "./testing/frontend-contract.ts";

const PASSWORD = "pass-of-root";

async function start(profile: ProfileName): Promise<ContractSubject> {
  const scenario = await Scenario.start({
    profile,
    speed: 100,
    backends: 3,
    frontends: 2,
    frontendHost: "127.0.0.61",
    backendHost: "127.0.0.65",
    rootPassword: PASSWORD,
  });
  for (const database of CONTRACT_DATABASES) await scenario.starrocks.createDatabase(database);
  let held = false;
  const broker = await scenario.broker("127.0.0.69", {
    answers: {
      renamePath: () => (held ? { statusCode: 502, message: "held by the test" } : undefined),
    },
  });
  // The follower is the address that a person gave.
  const { host, port } = must(scenario.starrocks.frontendAddresses[1]);
  const frontend = openFrontend({
    frontends: [`${host}:${port}`],
    user: "root",
    password: new Secret(PASSWORD),
    clock: systemClock,
    log: silentLog,
  });
  return {
    frontend,
    agentAddress: broker.address,
    deadAddress: "127.0.0.69:1",
    release: {
      tellsPartitions: profile !== "2.5",
      restoreCreatesDatabase: profileOf(profile).frontend.restoreCreatesDatabase,
      takesViews: profileOf(profile).frontend.backupMaterializedViews,
    },
    pass: () => sleep(5),
    holdUploads: (_database, hold) => {
      held = hold;
    },
    killAgent: () => broker.kill(),
    end: async () => {
      await frontend.close();
      await scenario.end();
    },
  };
}

for (const profile of ["2.5", "recorded", "4.2"] as const) {
  describeFrontend(`frontend on the stand-in of ${profile}`, () => start(profile));
}
