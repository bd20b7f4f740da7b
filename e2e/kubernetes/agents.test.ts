// The real agent in pods: a Job on every node behind one Service, as a slot has them, and StarRocks on the
// same nodes. What the operator will build, made by hand, so that a failure here is the harness's or the
// agent's and not the operator's.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { RowDataPacket } from "mysql2/promise";
import { must } from "../../operator/assert.ts";
import type { Kind, KubernetesObject } from "../../operator/runtime/api.ts";
import { startFauxqs } from "../servers/fauxqs.ts";
import type { S3Server } from "../servers/s3-server.ts";
import { startStarRocks, type StarRocks } from "../starrocks/cluster.ts";
import { POD, type Pod } from "./core.ts";
import { eventually, podReady, startTestCluster, type TestCluster } from "./testing/clusters.ts";

const AGENT = fileURLToPath(new URL("../../operator/agent/main.ts", import.meta.url));
const NODES = ["node-a", "node-b", "node-c"];
const SLOT = "slot-0";
const HOST = `${SLOT}.default.svc`;
const TOKEN = "token-of-this-test";
const SEGMENT = 40_000;
const ETC = "/etc/starrocks-backup";

interface Job extends KubernetesObject {
  readonly status?: {
    readonly succeeded?: number;
    readonly failed?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const JOB: Kind<Job> = { apiVersion: "batch/v1", kind: "Job", plural: "jobs", namespaced: true };

describe("agents as Jobs behind a Service", () => {
  let cluster: TestCluster;
  let kubernetes: TestCluster["kubernetes"];
  let s3: S3Server;
  let starrocks: StarRocks;

  before(async () => {
    s3 = await startFauxqs();
    cluster = await startTestCluster({
      nodes: 3,
      images: {
        "starrocks-backup/agent": {
          paths: { "/usr/local/bin/node": process.execPath, "/app/operator/agent/main.js": AGENT },
          environment: { AWS_EC2_METADATA_DISABLED: "true" },
        },
      },
    });
    kubernetes = cluster.kubernetes;
    starrocks = await startStarRocks({
      profile: "3.5",
      dir: join(cluster.dir, "starrocks"),
      backends: 3,
      speed: 30,
      frontendHosts: [kubernetes.addressOn("node-a")],
      backendHosts: NODES.map((node) => kubernetes.addressOn(node)),
      resolve: kubernetes.resolve,
    });
    await starrocks.createDatabase({
      name: "shop",
      tables: [{ name: "orders", partitions: ["p1"], tablets: 6, segmentBytes: [SEGMENT] }],
    });
    await kubernetes.applyManifests([configuration(), credentials(), slot()]);
  });

  after(async () => {
    await starrocks.stop();
    await cluster.stop();
    await s3.stop();
  });

  const configuration = () => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "agent" },
    data: {
      "agent.yaml": JSON.stringify({
        location: `s3://${s3.bucket}/prod`,
        folder: "__starrocks_repository_prod",
        repositoryName: "prod",
        // From this file on: contents of files are not rewritten.
        credentialsDirectory: "../credentials",
        s3: { endpoint: s3.endpoint, region: "us-east-1", forcePathStyle: true },
      }),
    },
  });

  const credentials = () => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "credentials" },
    data: {
      accessKeyId: Buffer.from(s3.accessKeyId).toString("base64"),
      secretAccessKey: Buffer.from(s3.secretAccessKey).toString("base64"),
    },
  });

  const slot = () => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: SLOT },
    spec: {
      selector: { slot: SLOT },
      ports: [{ port: 8000 }],
      trafficDistribution: "PreferSameNode",
      sessionAffinity: "ClientIP",
    },
  });

  const sql = async (text: string): Promise<readonly RowDataPacket[]> => {
    const connection = await starrocks.connect();
    try {
      const [rows] = await connection.query<RowDataPacket[]>(text);
      return Array.isArray(rows) ? rows : [];
    } finally {
      await connection.end();
    }
  };

  const agents = async (): Promise<readonly Pod[]> =>
    (await kubernetes.client.list(POD, { labelSelector: `slot=${SLOT}` })).items;

  const job = async (node: string): Promise<Job> =>
    must(await kubernetes.client.get(JOB, { namespace: "default", name: `agent-${node}` }));

  it("are refused while none is there", async () => {
    const before = await sql(`ALTER SYSTEM ADD BROKER mount_0 '${HOST}:8000'`).catch(String);
    expect(before).to.deep.equal([]);
    await eventually(async () => {
      const [row] = await sql("SHOW BROKER");
      return /refused/i.test(String(row?.["ErrMsg"])) && row?.["Alive"] === "false";
    });
  });

  it("serve one on each node", async () => {
    await kubernetes.applyManifests(NODES.map(agentJob));
    await eventually(async () => (await agents()).filter(podReady).length === 3);
    const nodes = (await agents()).map((pod) => pod.spec.nodeName ?? "").sort();
    expect(nodes).to.deep.equal(NODES);
    await eventually(async () => (await sql("SHOW BROKER"))[0]?.["Alive"] === "true");
  });

  it("carry a backup", async () => {
    await sql(
      `CREATE REPOSITORY mount_0 WITH BROKER mount_0 ON LOCATION "backup://mount" PROPERTIES ("token" = "${TOKEN}")`,
    );
    await sql(`BACKUP SNAPSHOT shop.label_1 TO mount_0 ON (orders)`);
    await eventually(async () => {
      const [row] = await sql("SHOW BACKUP FROM shop");
      expect(row?.["State"]).not.to.equal("CANCELLED");
      return row?.["State"] === "FINISHED";
    });
    expect(starrocks.violations).to.deep.equal([]);
  });

  it("end well when an annotation drains them, each having carried its own node's bytes", async () => {
    for (const { metadata } of await agents()) {
      const annotations = { "backup.starrocks.io/drain": "true" };
      const key = { namespace: "default", name: metadata.name };
      await kubernetes.client.patch(POD, key, { metadata: { annotations } });
    }
    await eventually(async () => {
      const jobs = await Promise.all(NODES.map(job));
      return jobs.every(({ status }) =>
        status?.conditions?.some((c) => c.type === "Complete" && c.status === "True"),
      );
    });
    const ends = (await agents()).map(terminationOf);
    expect(ends.map((end) => end.reason)).to.deep.equal(["Drained", "Drained", "Drained"]);
    // Of six tablets two lie on each BE.
    for (const { detail } of ends) expect(detail.bytes).to.be.within(2 * SEGMENT, 3 * SEGMENT);
  });

  it("are refused again when they have ended", async () => {
    // A ping that was under way when they ended may say something else first.
    await eventually(async () => {
      const [row] = await sql("SHOW BROKER");
      return row?.["Alive"] === "false" && /refused/i.test(String(row["ErrMsg"]));
    });
  });

  it("are replaced when they are killed", async () => {
    for (const node of NODES) {
      await kubernetes.client.delete(JOB, { namespace: "default", name: `agent-${node}` });
    }
    await eventually(async () => (await agents()).length === 0);
    await kubernetes.applyManifests([agentJob("node-b")]);
    await eventually(async () => (await agents()).some(podReady));
    const { name, uid } = must((await agents())[0]).metadata;
    kubernetes.killPod("default", name);
    await eventually(async () =>
      (await agents()).some((pod) => podReady(pod) && pod.metadata.uid !== uid),
    );
    // The one agent that is there answers callers of every node.
    await eventually(async () => (await sql("SHOW BROKER"))[0]?.["Alive"] === "true");
    expect((await job("node-b")).status?.failed).to.equal(1);
  });
});

function terminationOf(pod: Pod): {
  readonly reason: string;
  readonly detail: { readonly bytes: number };
} {
  const state = must(pod.status?.containerStatuses?.[0]?.state);
  const message = "terminated" in state ? state.terminated.message : undefined;
  return JSON.parse(must(message, "a termination message")) as ReturnType<typeof terminationOf>;
}

function agentJob(node: string): KubernetesObject {
  const flags = {
    config: `${ETC}/config/agent.yaml`,
    mode: "backup",
    label: "label_1",
    attempt: "label-1-1",
    "backup-uid": "0b9c5c1e-55e1-4d2c-9d7c-0f7a2f0f3a11",
    "mount-location": "backup://mount",
    "mount-repository": "mount_0",
    "token-sha256": createHash("sha256").update(TOKEN).digest("hex"),
    listen: "$(POD_IP):8000",
    annotations: "/etc/podinfo/annotations",
    "termination-log": "/dev/termination-log",
  };
  const template = {
    metadata: { labels: { slot: SLOT } },
    spec: {
      restartPolicy: "Never",
      nodeSelector: { "kubernetes.io/hostname": node },
      volumes: [
        { name: "config", configMap: { name: "agent" } },
        { name: "credentials", secret: { secretName: "credentials" } },
        {
          name: "podinfo",
          downwardAPI: {
            items: [{ path: "annotations", fieldRef: { fieldPath: "metadata.annotations" } }],
          },
        },
      ],
      containers: [
        {
          name: "agent",
          image: "starrocks-backup/agent",
          command: [
            "/usr/local/bin/node",
            "--max-semi-space-size=4",
            "/app/operator/agent/main.js",
          ],
          args: ["serve", ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)],
          env: [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
          ports: [{ containerPort: 8000 }],
          readinessProbe: { tcpSocket: { port: 8000 }, periodSeconds: 1 },
          volumeMounts: [
            { name: "config", mountPath: `${ETC}/config` },
            { name: "credentials", mountPath: `${ETC}/credentials` },
            { name: "podinfo", mountPath: "/etc/podinfo" },
          ],
        },
      ],
    },
  };
  const spec = { backoffLimit: 6, template };
  const metadata = { name: `agent-${node}` };
  return { apiVersion: "batch/v1", kind: "Job", metadata, spec } as KubernetesObject;
}
