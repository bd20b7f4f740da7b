// Each wrong setting gives a Repository a reason of its own, and says what to change: by the agent's own process, as
// its pod would run it, on servers that refuse by themselves. What none of them can be brought to do is in
// wrong-settings.e2e.ts.
//
// Beside the rows: what is right is taken by the same servers, and the policy that the documentation shows for S3 is
// neither too little nor too much.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { must } from "../../operator/assert.ts";
import { GcsIdentities } from "../servers/gcs-identity.ts";
import type { GcsServer } from "../servers/gcs-front.ts";
import { startGcs } from "../servers/gcs-front.ts";
import type { MiniCluster } from "../servers/hdfs/mini-cluster.ts";
import { startMiniCluster } from "../servers/hdfs/mini-cluster.ts";
import { describeWith } from "../servers/installed.ts";
import type { Moto } from "../servers/moto.ts";
import { startMoto } from "../servers/moto.ts";
import type { S3Server } from "../servers/s3-server.ts";
import { startVersitygw } from "../servers/versitygw.ts";
import type { Setting, WrongSetting } from "./wrong-settings.ts";
import { expectTold, probeAsProcess } from "./wrong-settings.ts";

type Row = Omit<WrongSetting, "arrange"> & { readonly setting: () => Setting | Promise<Setting> };

let dir = "";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "wrong-settings-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

function tell(rows: readonly Row[]): void {
  for (const { setting: make, ...row } of rows) {
    it(`tells that ${row.name}: ${row.reason}`, async () => {
      const setting = await make();
      expectTold(row, setting, await probeAsProcess(dir, setting));
    });
  }
}

async function expectRight(setting: Setting): Promise<void> {
  const { reason, message } = await probeAsProcess(dir, setting);
  expect(reason, message).to.equal("Probed");
}

function s3At(
  server: S3Server,
  other: { readonly [field: string]: unknown } = {},
  keys: { readonly accessKeyId: string; readonly secretAccessKey: string } = server,
): Setting {
  const { location = `s3://${server.bucket}/starrocks`, ...s3 } = other;
  return {
    spec: {
      location: location as string,
      s3: { endpoint: server.endpoint, region: "us-east-1", ...s3 },
    },
    files: {
      "credentials/accessKeyId": keys.accessKeyId,
      "credentials/secretAccessKey": keys.secretAccessKey,
    },
  };
}

describeWith("versitygw", "a probe of versitygw", () => {
  let server: S3Server | undefined;
  const at = (...how: [other?: object, keys?: Parameters<typeof s3At>[2]]) =>
    s3At(must(server), ...(how as []));

  before(async () => {
    server = await startVersitygw();
  });
  after(async () => {
    await server?.stop();
  });

  it("finds nothing wrong with what is right", () => expectRight(at()));

  tell([
    {
      name: "the key is not known",
      setting: () => at({}, { accessKeyId: "nobody", secretAccessKey: "not-this-one" }),
      reason: "WrongCredentials",
      exitCode: 42,
      says: /check the access key, the secret key/,
    },
    {
      name: "the secret is wrong",
      setting: () =>
        at({}, { accessKeyId: must(server).accessKeyId, secretAccessKey: "not-this-one" }),
      reason: "WrongCredentials",
      exitCode: 42,
      says: /check the access key, the secret key/,
    },
    {
      name: "the bucket does not exist",
      setting: () => at({ location: "s3://no-such-bucket/starrocks" }),
      reason: "NoSuchBucket",
      exitCode: 42,
      says: /create the bucket no-such-bucket, or correct the location/,
    },
    {
      name: "the region is another",
      setting: () => at({ region: "mars-north-1" }),
      reason: "WrongRegion",
      exitCode: 42,
      says: /set s3\.region to us-east-1/,
    },
    {
      name: "https is written where http is spoken",
      setting: () => at({ endpoint: must(server).endpoint.replace("http:", "https:") }),
      reason: "WrongEndpoint",
      exitCode: 42,
      says: /whether it is http or https/,
    },
    {
      name: "there are no credentials, and the pod is nobody",
      setting: () => ({ spec: at().spec }),
      reason: "NoCredentials",
      exitCode: 42,
      says: /name a Secret in credentialsSecret, or give the pod's service account an identity/,
    },
  ]);
});

interface Policy {
  readonly Version: string;
  readonly Statement: readonly { readonly Action: readonly string[] }[];
}

/** The one of the documentation, to the letter. */
async function documentedPolicy(): Promise<Policy> {
  const page = fileURLToPath(new URL("../../docs/spec/repository.md", import.meta.url));
  const [, block] =
    /### Least rights[^]*?```json\n([^]*?)```/.exec(await readFile(page, "utf8")) ?? [];
  return JSON.parse(must(block, "the policy of docs/spec/repository.md")) as Policy;
}

function without(policy: Policy, action: string): Policy {
  const Statement = policy.Statement.map((statement) => ({
    ...statement,
    Action: statement.Action.filter((one) => one !== action),
  }));
  return { ...policy, Statement: Statement.filter(({ Action }) => Action.length > 0) };
}

/** Unlike AWS, it wants the right to delete many objects on the bucket too. */
function forMoto(policy: Policy): object {
  const action = "s3:DeleteObject";
  if (!policy.Statement.some(({ Action }) => Action.includes(action))) return policy;
  const more = { Effect: "Allow", Action: [action], Resource: "arn:aws:s3:::backups" };
  return { ...policy, Statement: [...policy.Statement, more] };
}

describeWith("moto", "a probe of moto, with its IAM", () => {
  let server: Moto | undefined;
  const moto = () => must(server);
  /** Taken away one by one. */
  const ACTIONS = [
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
  ];

  before(async () => {
    const policy = await documentedPolicy();
    const policies = ACTIONS.map((action) => [action, forMoto(without(policy, action))] as const);
    const documented = forMoto(policy);
    server = await startMoto({ policies: { documented, ...Object.fromEntries(policies) } });
  });
  after(async () => {
    await server?.stop();
  });

  const as = (user: string) => s3At(moto(), {}, must(moto().users[user], user));

  it("finds nothing wrong with the rights that the documentation tells", () =>
    expectRight(as("documented")));

  it("was told of every action of that policy", async () => {
    const { Statement } = await documentedPolicy();
    expect(Statement.flatMap(({ Action }) => Action).toSorted()).to.deep.equal(ACTIONS.toSorted());
  });

  tell(
    ACTIONS.map((action) => ({
      name: `${action} is missing`,
      setting: () => as(action),
      reason: "AccessDenied",
      exitCode: 42,
      says: new RegExp(`grant these credentials .*${action}(?= )`),
    })),
  );

  tell([
    {
      name: "the external id is another",
      setting: () => s3At(moto(), { ...roleOf(moto()), externalId: "another" }),
      reason: "RoleRefused",
      exitCode: 42,
      says: /let the role's trust policy name these credentials/,
    },
    {
      name: "the role trusts somebody else",
      setting: () => s3At(moto(), { ...roleOf(moto()), roleArn: moto().foreignRoleArn }),
      reason: "RoleRefused",
      exitCode: 42,
      says: /let the role's trust policy name these credentials/,
    },
  ]);
});

function roleOf({ endpoint, roleArn, externalId }: Moto): object {
  return { roleArn, externalId, stsEndpoint: endpoint };
}

describeWith(
  "fake-gcs-server",
  "a probe of fake-gcs-server behind a front that asks for tokens",
  () => {
    let server: GcsServer | undefined;

    before(async () => {
      server = await startGcs();
    });
    after(async () => {
      await server?.stop();
    });

    const at = (bucket?: string, credentials = must(server).credentials): Setting => ({
      spec: {
        location: `gs://${bucket ?? must(server).bucket}/starrocks`,
        gcs: { endpoint: must(server).endpoint },
      },
      files: { "credentials/credentials.json": credentials },
    });

    it("finds nothing wrong with what is right", () => expectRight(at()));

    tell([
      {
        name: "the bucket does not exist",
        setting: () => at("no-such-bucket"),
        reason: "NoSuchBucket",
        exitCode: 42,
        says: /create the bucket no-such-bucket, or correct the location/,
      },
      {
        name: "the key is not known",
        setting: () => at(undefined, new GcsIdentities().addAccount()),
        reason: "WrongCredentials",
        exitCode: 42,
        says: /neither deleted nor disabled/,
      },
    ]);
  },
);

describeWith("hadoop", "a probe of HDFS", () => {
  let cluster: MiniCluster | undefined;
  const hdfs = () => must(cluster);

  before(async () => {
    cluster = await startMiniCluster({ ha: true });
    await hdfs().order("mkdir /backups 777");
    await hdfs().order("mkdir /foreign 755");
    await hdfs().order("mkdir /small 777");
    await hdfs().order("quota /small 1 1099511627776");
  });
  after(async () => {
    await cluster?.stop();
  });

  const at = (folder = "backups", nameNodes = hdfs().nameNodes): Setting => ({
    spec: { location: `hdfs://prod/${folder}`, hdfs: { nameNodes, user: "agent" } },
  });

  it("finds nothing wrong with what is right", () => expectRight(at()));

  tell([
    {
      name: "the folder is another user's",
      setting: () => at("foreign"),
      reason: "AccessDenied",
      exitCode: 42,
      says: /give hdfs\.user write permission on \/foreign/,
    },
    {
      name: "the folder's quota is used up",
      setting: () => at("small"),
      reason: "StorageFull",
      exitCode: 42,
      says: /make room in this folder, or raise its quota/,
    },
    {
      name: "no active NameNode is named",
      setting: () => at("backups", hdfs().nameNodes.slice(1)),
      reason: "NameNodeStandby",
      exitCode: 1,
      says: /name all NameNodes in hdfs\.nameNodes/,
    },
    {
      name: "the address is the NameNode's RPC port",
      setting: () => at("backups", [`http://127.0.0.1:${hdfs().rpcPort}`]),
      reason: "WrongEndpoint",
      exitCode: 42,
      says: /write the address of WebHDFS/,
    },
    {
      name: "the NameNode is in safe mode",
      setting: async () => {
        await hdfs().order("safemode on");
        return at();
      },
      reason: "StoreReadOnly",
      exitCode: 1,
      says: /hdfs dfsadmin -safemode leave/,
    },
  ]);
});
