// docs/security.md tells what the code does: ports, names, and how pods run.
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { agentJob, type AgentJob } from "../../operator/controllers/jobs.ts";
import { MOUNT_KEY_SECRET } from "../../operator/controllers/mount-key.ts";
import { BROKER_PORT } from "../../operator/controllers/names.ts";
import { repository } from "../../operator/controllers/testing/samples.ts";
import { must } from "../../operator/assert.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "docs/security.md"), "utf8");

function rowsBelow(heading: string): readonly (readonly string[])[] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const lines = (section.split("\n## ")[0] ?? "").split("\n");
  return lines
    .filter((line) => line.startsWith("| ") && !line.startsWith("| -"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
}

function portOf(to: string): string {
  return must(must(rowsBelow("Who talks to whom").find((cells) => cells[2]?.startsWith(to)))[3]);
}

const JOB: AgentJob = {
  name: "a",
  component: "agent",
  repository: repository(),
  owner: undefined,
  image: "i",
  command: "broker",
  flags: {},
  serves: true,
  backoffLimit: 1,
  deadlineSeconds: 60,
};

describe("docs/security.md", () => {
  it("has the ports that are used", () => {
    expect(portOf("agents")).to.equal(String(BROKER_PORT));
    const flags = readFileSync(join(root, "docs/reference/flags.md"), "utf8");
    const [, listen] = /`--listen` \| `0\.0\.0\.0:(\d+)`/.exec(flags) ?? [];
    const [first] = rowsBelow("Who talks to whom").filter(([, from]) => from?.includes("kubelet"));
    expect(must(first)[3]).to.equal(must(listen));
  });

  it("names the Secret of the mounts' key", () => {
    expect(page).to.include(`\`${MOUNT_KEY_SECRET}\``);
  });

  it("says how agents run", () => {
    const { spec: pod } = must(must(agentJob(JOB).spec).template);
    expect(pod).to.deep.include({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(pod).not.to.have.any.keys("hostNetwork", "hostPID", "hostIPC");
    for (const { securityContext } of pod.containers) {
      expect(securityContext).to.deep.equal({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
    expect(JSON.stringify(pod.volumes)).not.to.include("hostPath");
    const names = pod.containers.flatMap(({ env = [] }) => env.map(({ name }) => name));
    expect(names, "environment variables").to.deep.equal(["POD_IP"]);
  });
});
