// A role that is taken on with the token of the agents' service account, through the whole operator: the token is for
// the audience and the account that the Repository says and for nobody else, and no key of the storage is anywhere.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { must } from "../../operator/assert.ts";
import { PODS } from "../../operator/runtime/objects.ts";
import type { WebIdentity } from "../servers/web-identity.ts";
import { startWebIdentity } from "../servers/web-identity.ts";
import { NAMESPACE, World, resource } from "../world.ts";
import { isOver } from "./is-over.ts";

const ROLE = "arn:aws:iam::123456789012:role/starrocks-backup";
const AUDIENCE = "sts.example.com";
const ACCOUNT = "starrocks-backup-agent";

describe("a Repository whose agents take on a role with their token", () => {
  let world: World;
  let cloud: WebIdentity;

  before(async () => {
    world = await World.start();
    cloud = await startWebIdentity({
      tokens: world.kubernetes.tokens,
      roleArn: ROLE,
      audience: AUDIENCE,
      subject: `system:serviceaccount:${NAMESPACE}:${ACCOUNT}`,
      upstream: world.s3.endpoint,
    });
    await world.starrocks.createDatabase({
      name: "shop",
      tables: [{ name: "orders", tablets: 4, segmentBytes: [200_000], replicationNum: 1 }],
    });
    await applyAccount("another");
    world.startOperator();
  });

  after(async () => {
    await world.stop();
    await cloud?.stop();
  });

  async function applyAccount(name: string): Promise<void> {
    const metadata = { name, namespace: NAMESPACE };
    await world.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata });
  }

  async function applyWith(serviceAccountName: string, audience: string): Promise<void> {
    const { spec, ...rest } = world.repository({}) as unknown as Repository;
    const { credentialsSecret: _, ...others } = spec;
    const { endpoint } = cloud;
    await world.apply({
      ...rest,
      spec: {
        ...others,
        s3: { ...spec.s3, endpoint, stsEndpoint: endpoint, roleArn: ROLE },
        agent: { serviceAccountName, serviceAccountToken: { audience } },
      },
    } as never);
  }

  const untilRefused = async (generation: number): Promise<string> => {
    const told = await world.until<Repository>("Repository", "prod", ({ metadata, status }) => {
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      return (
        metadata.generation === generation &&
        ready?.reason === "RoleRefused" &&
        status?.observedGeneration === generation
      );
    });
    const stalled = told.status?.conditions?.find(({ type }) => type === "Stalled");
    expect(stalled?.status).to.equal("True");
    return must(stalled).message;
  };

  it("says that no pod is made while the account does not exist, and goes on when it does", async () => {
    await applyWith(ACCOUNT, "vault.example.com");
    const told = await world.until<Repository>("Repository", "prod", ({ status }) =>
      (status?.conditions ?? []).some(({ reason }) => reason === "ProbeNotRunning"),
    );
    const ready = told.status?.conditions?.find(({ type }) => type === "Ready");
    expect(ready?.message).to.match(/agent\.serviceAccountName.*kubectl describe job/);
    await applyAccount(ACCOUNT);
  });

  it("is refused for another audience", async () => {
    const message = await untilRefused(1);
    expect(message).to.include("Incorrect token audience");
    expect(message).to.include("agent.serviceAccountToken");
  });

  it("is refused for another service account, and says where the token's is to be named", async () => {
    await applyWith("another", AUDIENCE);
    const message = await untilRefused(2);
    expect(message, message).to.include("agent.serviceAccountName");
    expect(message, "what has no part in it").to.not.include("externalId");
  });

  it("is ready with the audience and the account that the role trusts, and takes backups", async () => {
    await applyWith(ACCOUNT, AUDIENCE);
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
    await world.apply(resource("Backup", "first", { repository: "prod", database: "shop" }));
    const { status } = await world.until<Backup>("Backup", "first", isOver);
    expect(status?.phase, status?.message).to.equal("FINISHED");
  });

  it("shows tokens and sessions to nobody else, and none of the API server to agents", async () => {
    const seen = [
      ...world.operatorLines,
      ...(await world.podLogs()),
      ...(await world.objects(NAMESPACE)).map((o) => JSON.stringify(o)),
      ...world.starrocks.statements.map(({ sql }) => sql),
    ].join("\n");
    expect(cloud.shown.size).to.be.greaterThan(2);
    for (const secret of [...cloud.shown, ...cloud.sessions]) {
      expect(seen.includes(secret)).to.equal(false);
    }
    for (const token of cloud.shown) {
      expect(world.kubernetes.tokens.read(token)?.aud).to.not.include(world.kubernetes.url);
    }
    const { items } = await world.kubernetes.client.list(PODS, { namespace: NAMESPACE });
    for (const { spec } of items) expect(spec?.automountServiceAccountToken).to.equal(false);
    expect(await world.untilNothingIsLeft(), "left behind").to.deep.equal([]);
  });
});
