// The objects that the operator makes: the whole of one, what differs in others, and that agents take every flag.
import { expect } from "chai";
import { parse } from "yaml";
import { parseArguments } from "../agent/arguments.ts";
import { must } from "../assert.ts";
import type { Job } from "../runtime/objects.ts";
import { agentJob, slotService, type AgentJob } from "./jobs.ts";
import { serveJob, taskJob } from "./job/job-objects.ts";
import { mounted, seen, submitted } from "./testing/seen.ts";
import { backup, repository, restore, BACKUP_UID, REPOSITORY_UID } from "./testing/samples.ts";
import { readyWorld } from "./testing/lives.ts";
import { mountToken } from "./token.ts";

const PROBE: AgentJob = {
  name: "prod-aaaaaaaa-probe",
  component: "probe",
  repository: repository({ credentialsSecret: { name: "s3" } }),
  owner: undefined,
  image: "agent:1",
  command: "probe",
  flags: { "read-only": "false" },
  annotations: { task: "1" },
  serves: false,
  backoffLimit: 2,
  deadlineSeconds: 600,
};

function containerOf(job: Job) {
  return must(job.spec?.template.spec.containers[0]);
}

/** As the kubelet fills them in. */
function argumentsOf(job: Job): readonly string[] {
  return must(containerOf(job).args).map((arg) => arg.replace("$(POD_IP)", "10.0.0.1"));
}

function configOf(job: Job): Record<string, unknown> {
  const text = job.spec?.template.metadata?.annotations?.["backup.starrocks.io/config"];
  return parse(must(text)) as Record<string, unknown>;
}

describe("agentJob", () => {
  it("makes a one-shot command's Job", () => {
    const labels = {
      "app.kubernetes.io/name": "starrocks-backup",
      "app.kubernetes.io/managed-by": "starrocks-backup-operator",
      "backup.starrocks.io/component": "probe",
      "backup.starrocks.io/repository-uid": REPOSITORY_UID,
    };
    const { spec, ...rest } = agentJob(PROBE);
    expect(rest).to.deep.equal({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: PROBE.name, namespace: "ops", labels, annotations: { task: "1" } },
    });
    const { template, ...jobSpec } = must(spec);
    expect(jobSpec).to.deep.equal({
      backoffLimit: 2,
      activeDeadlineSeconds: 600,
      podFailurePolicy: {
        rules: [
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
          { action: "FailJob", onExitCodes: { operator: "In", values: [42, 43, 44] } },
        ],
      },
    });
    expect(template.metadata?.labels).to.deep.equal(labels);
    expect(template.spec).to.deep.equal({
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 30,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      shareProcessNamespace: true,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "agent",
          image: "agent:1",
          command: must(containerOf(agentJob(PROBE)).command),
          args: [
            "probe",
            "--config=/etc/starrocks-backup/pod/agent.yaml",
            "--termination-log=/dev/termination-log",
            "--read-only=false",
          ],
          env: [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
          resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { memory: "512Mi" } },
          volumeMounts: [
            { name: "pod", mountPath: "/etc/starrocks-backup/pod", readOnly: true },
            { name: "credentials", mountPath: "/etc/starrocks-backup/credentials", readOnly: true },
          ],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "FallbackToLogsOnError",
        },
      ],
      volumes: [
        {
          name: "pod",
          downwardAPI: {
            items: [
              {
                path: "agent.yaml",
                fieldRef: { fieldPath: "metadata.annotations['backup.starrocks.io/config']" },
              },
              { path: "annotations", fieldRef: { fieldPath: "metadata.annotations" } },
            ],
          },
        },
        { name: "credentials", secret: { secretName: "s3" } },
      ],
    });
  });

  it("has no Secret to mount when the pod's own identity does", () => {
    const job = agentJob({ ...PROBE, repository: repository() });
    expect(must(job.spec).template.spec.volumes?.map((v) => v.name)).to.deep.equal(["pod"]);
    expect(containerOf(job).volumeMounts?.map((v) => v.name)).to.deep.equal(["pod"]);
  });

  it("writes the agent's configuration", () => {
    const spec = {
      credentialsSecret: { name: "s3" },
      repositoryName: "given",
      s3: { region: "eu", endpoint: "https://s3", forcePathStyle: true, checksumMode: "Auto" },
      bandwidth: "10Mi",
    } as const;
    const made = repository(spec);
    expect(configOf(agentJob({ ...PROBE, repository: made }))).to.deep.equal({
      location: "s3://backups/starrocks",
      folder: "__starrocks_repository_given",
      repositoryName: "given",
      credentialsDirectory: "../credentials",
      s3: { region: "eu", endpoint: "https://s3", forcePathStyle: true, checksumMode: "auto" },
      limits: { memoryMiB: 256, bandwidth: 10 * 1024 ** 2 },
    });
    const own = configOf(agentJob({ ...PROBE, repository: made, bandwidth: 7_000_000 }));
    expect(own["limits"], "the job's own bandwidth").to.deep.equal({
      memoryMiB: 256,
      bandwidth: 7_000_000,
    });
  });

  it("takes what the Repository says of agents' pods, but for what is ours", () => {
    const agent = {
      ...repository().spec.agent,
      serviceAccountName: "sa",
      nodeSelector: { disk: "fast" },
      tolerations: [{ operator: "Exists" as const }],
      priorityClassName: "high",
      imagePullSecrets: [{ name: "pull" }],
      labels: { team: "dba", "backup.starrocks.io/component": "mine" },
      annotations: { note: "x", "sidecar.istio.io/inject": "true" },
      resources: { requests: { cpu: 2 }, limits: { memory: "1Gi" } },
    };
    const { template } = must(agentJob({ ...PROBE, repository: repository({ agent }) }).spec);
    expect(template.spec).to.deep.include({
      serviceAccountName: "sa",
      nodeSelector: { disk: "fast" },
      tolerations: [{ operator: "Exists" }],
      priorityClassName: "high",
      imagePullSecrets: [{ name: "pull" }],
    });
    expect(template.metadata?.labels).to.deep.include({
      team: "dba",
      "backup.starrocks.io/component": "probe",
    });
    expect(template.metadata?.annotations).to.deep.include({
      note: "x",
      "sidecar.istio.io/inject": "false",
    });
    expect(must(template.spec.containers[0]).resources).to.deep.equal({
      requests: { cpu: "2" },
      limits: { memory: "1Gi" },
    });
  });
});

describe("an agent's Job", () => {
  const { deps } = readyWorld();
  const action = { kind: "createAgent", node: "worker-0", slot: 0 } as const;

  it("serves on its node, for its attempt, and only Kubernetes' own labels find it", async () => {
    const job = await serveJob(deps, seen(mounted({ job: backup({ bandwidth: "2Mi" }) })), action);
    expect(job.metadata.name).to.match(/^nightly-bbbbbbbb-1-[0-9a-f]{8}$/);
    expect(job.metadata.ownerReferences, "a deletion must not take it along").to.equal(undefined);
    const { template, podFailurePolicy, activeDeadlineSeconds } = must(job.spec);
    expect(template.metadata?.labels).to.deep.include({
      "backup.starrocks.io/job-uid": BACKUP_UID,
      "backup.starrocks.io/job-kind": "Backup",
      "backup.starrocks.io/attempt": "bbbbbbbb-1",
      "backup.starrocks.io/slot": "0",
    });
    expect(template.metadata?.annotations).to.deep.include({
      "backup.starrocks.io/bandwidth": String(2 * 1024 ** 2),
    });
    expect(podFailurePolicy?.rules[1]?.onExitCodes?.values).to.deep.equal([42]);
    expect(activeDeadlineSeconds).to.equal(86_400 + 7_200);
    const terms =
      template.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    expect(terms).to.deep.equal({
      nodeSelectorTerms: [
        { matchFields: [{ key: "metadata.name", operator: "In", values: ["worker-0"] }] },
      ],
    });
  });

  for (const [kind, given] of [
    ["Backup", seen(mounted())],
    ["Restore", seen(submitted({ job: restore(), status: { source: { snapshot: "s" } } }))],
  ] as const) {
    it(`of a ${kind} is understood by the agent`, async () => {
      const job = await serveJob(deps, given, action);
      const { command, flags } = parseArguments(argumentsOf(job));
      expect(command).to.equal("serve");
      expect(flags).to.include({ listen: "10.0.0.1:8000", "mount-repository": "k8s_aaaaaaaa_0" });
    });
  }

  for (const [task, flags] of [
    [
      "seal",
      { label: "l", attempt: "a-1", "backup-uid": BACKUP_UID, timestamp: "2026-01-01-00-00" },
    ],
    ["verify", { label: "l", timestamp: "", mode: "list" }],
    ["prune", { label: "l", "backup-uid": BACKUP_UID }],
  ] as const) {
    it(`of ${task} is understood by the agent`, () => {
      const job = taskJob(deps, seen(mounted()), { kind: "runTask", task, id: "x", flags });
      expect(parseArguments(argumentsOf(job)).command).to.equal(task);
      expect(job.metadata.annotations).to.deep.equal({ "backup.starrocks.io/task": "x" });
    });
  }

  it("tells no secret on a command line, in an annotation or in the environment", async () => {
    const job = await serveJob(deps, seen(mounted()), action);
    const key = (await deps.mountKey()).reveal();
    const token = mountToken(await deps.mountKey(), REPOSITORY_UID, 0).reveal();
    expect(JSON.stringify(job)).to.not.include(key).and.not.include(token);
  });
});

describe("slotService", () => {
  it("is an address that never moves and leads nowhere while it is idle", () => {
    expect(slotService(repository(), 1)).to.deep.equal({
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "sr-aaaaaaaa-1",
        namespace: "ops",
        labels: {
          "app.kubernetes.io/name": "starrocks-backup",
          "app.kubernetes.io/managed-by": "starrocks-backup-operator",
          "backup.starrocks.io/component": "slot",
          "backup.starrocks.io/repository-uid": REPOSITORY_UID,
          "backup.starrocks.io/slot": "1",
        },
      },
      spec: {
        type: "ClusterIP",
        selector: {
          "backup.starrocks.io/repository-uid": REPOSITORY_UID,
          "backup.starrocks.io/attempt": "none",
        },
        ports: [{ name: "broker", port: 8000, targetPort: 8000, protocol: "TCP" }],
        sessionAffinity: "ClientIP",
        trafficDistribution: "PreferSameNode",
      },
    });
  });
});
