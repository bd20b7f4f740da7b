// One real node: containerd, kubelet and kube-proxy in mount, process and network namespaces of their own. The first
// process of its process namespace is the node's power: when that is killed, the kernel takes everything else, containers
// and mounts too. `/run`, `/var/lib` and `/var/log` are the node's own; `/run` forgets, the others do not.
import { execFile, spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { must } from "../../operator/assert.ts";
import { makeCgroup, removeCgroup } from "./cgroups.ts";
import { Component, until } from "./component.ts";
import type { ControlPlane } from "./control-plane.ts";
import { namespacePath, plugIn, pullOut, type NodePlace } from "./network.ts";
import * as files from "./node-files.ts";
import { pathOf } from "./programs.ts";

const run = promisify(execFile);

const START_MS = 120_000;

/** While it has one of these, Kubernetes puts no pods there, and drives others away. */
const UNFIT = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/** As much of a Node as is looked at. */
interface SeenNode {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export class Node {
  readonly place: NodePlace;
  readonly #plane: ControlPlane;
  readonly #folder: string;
  readonly #cgroup: string;
  readonly #images: string[] = [];
  readonly #guests = new Set<ChildProcess>();
  #power: ChildProcess | undefined;
  /** As this process sees it. */
  #firstPid = 0;

  /** `cgroup`: a path in the machine's hierarchies that is this node's alone. */
  constructor(place: NodePlace, plane: ControlPlane, cgroup: string) {
    this.place = place;
    this.#plane = plane;
    this.#folder = join(plane.folder, place.name);
    this.#cgroup = cgroup;
  }

  /** Idempotent. Resolves when the node is Ready and takes pods. */
  async boot(): Promise<void> {
    if (this.#power !== undefined) return;
    await this.#writeFiles();
    makeCgroup(this.#cgroup);
    await plugIn(this.place);
    await this.#powerOn();
    const containerd = this.#start("containerd", [
      "containerd",
      `--config=${join(this.#folder, "containerd.toml")}`,
    ]);
    const socket = `/proc/${this.#firstPid}/root/run/containerd/containerd.sock`;
    await until(
      { what: `containerd of ${this.place.name}`, withinMs: START_MS, of: containerd },
      async () => existsSync(socket) && (await this.#ctr("version")) !== "",
    );
    for (const image of this.#images) await this.#ctr("images", "import", image);
    await this.#forgetReady();
    const kubeconfig = this.#plane.pki.path(`${this.place.name}.kubeconfig`);
    const config = join(this.#folder, "kubelet.yaml");
    const kubelet = this.#start("kubelet", [
      pathOf("kube"),
      "kubelet",
      ...files.kubeletFlags(this.place, { config, kubeconfig }),
    ]);
    this.#start("kube-proxy", [
      pathOf("kube"),
      "kube-proxy",
      ...files.kubeProxyFlags(this.place, this.#plane.kubeconfig),
    ]);
    await until(
      { what: `node ${this.place.name} to be Ready`, withinMs: START_MS, of: kubelet },
      () => this.#isReady(),
    );
  }

  /** At once, and without a word to anybody. Resolves when nothing of it runs. Idempotent. */
  async powerCut(): Promise<void> {
    const power = this.#power;
    if (power === undefined) return;
    const ended = once(power, "exit");
    await pullOut(this.place.name);
    for (const guest of this.#guests) guest.kill("SIGKILL");
    process.kill(this.#firstPid, "SIGKILL");
    await ended;
    this.#power = undefined;
    await removeCgroup(this.#cgroup);
  }

  /** It stays, also over a power cut. */
  async importImage(archive: string): Promise<void> {
    this.#images.push(archive);
    if (this.#power !== undefined) await this.#ctr("images", "import", archive);
  }

  /** A program that runs on the node beside its pods: in its network, among our files. A power cut ends it. */
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    const enter = [`--net=${namespacePath(this.place.name)}`, command, ...args];
    const guest = spawn("nsenter", enter, options);
    this.#guests.add(guest);
    guest.once("exit", () => this.#guests.delete(guest));
    return guest;
  }

  async #isReady(): Promise<boolean> {
    const { text } = await this.#plane.get(`/api/v1/nodes/${this.place.name}`);
    const { spec, status } = JSON.parse(text) as SeenNode;
    const isReady = status?.conditions?.some((c) => c.type === "Ready" && c.status === "True");
    // They are taken away by another part, a moment after it is Ready.
    return isReady === true && spec?.taints?.some(({ key }) => UNFIT.includes(key)) !== true;
  }

  /** The API server still has its last word from before a power cut. */
  async #forgetReady(): Promise<void> {
    const { status } = await this.#plane.get(`/api/v1/nodes/${this.place.name}`);
    if (status === 404) return;
    const patch = { status: { conditions: [{ type: "Ready", status: "Unknown" }] } };
    const args = ["node", this.place.name, "--subresource=status", "-p", JSON.stringify(patch)];
    await this.#plane.kubectl("patch", ...args);
  }

  async #writeFiles(): Promise<void> {
    const { pki, server } = this.#plane;
    const { name } = this.place;
    for (const folder of ["cni", "etc", "lib/kubelet", "lib/cni", "log", "containerd"]) {
      mkdirSync(join(this.#folder, folder), { recursive: true });
    }
    const write = (file: string, content: string) =>
      writeFileSync(join(this.#folder, file), content);
    const path = (file: string) => join(this.#folder, file);
    write("containerd.toml", files.containerdConfig(path("containerd"), path("cni")));
    write("cni/10-pods.conflist", files.cniConfig(this.place, this.#folder));
    write("resolv.conf", files.RESOLV_CONF);
    const resolvConf = path("resolv.conf");
    const authority = pki.path("ca.crt");
    write("kubelet.yaml", files.kubeletConfig({ cgroup: this.#cgroup, resolvConf, authority }));
    for (const [name, value] of Object.entries(files.SYSCTLS)) {
      write(`etc/${name.replaceAll("/", ".")}`, `${value}\n`);
    }
    if (existsSync(pki.path(`${name}.kubeconfig`))) return;
    await pki.client(name, { name: `system:node:${name}`, group: "system:nodes" });
    await pki.kubeconfig(name, server);
  }

  /** The node's first process, and around it what it must see in place of the machine's own. */
  async #powerOn(): Promise<void> {
    const own = (path: string, shown: string) =>
      `mount --bind '${join(this.#folder, path)}' ${shown}`;
    const script = [
      "set -e",
      // Pods may mount for the node, and the node for pods; nobody outside sees it.
      "mount --make-rshared /",
      "mount -t tmpfs -o mode=755 run /run",
      "mkdir -p /var/lib/kubelet /var/lib/cni",
      own("lib/kubelet", "/var/lib/kubelet"),
      own("lib/cni", "/var/lib/cni"),
      own("log", "/var/log"),
      ...Object.keys(files.SYSCTLS).map((path) =>
        own(`etc/${path.replaceAll("/", ".")}`, `/proc/sys/${path}`),
      ),
      "echo on",
      `exec '${pathOf("pause")}'`,
    ].join("\n");
    const enter = ["--pdeathsig", "KILL", "nsenter", `--net=${namespacePath(this.place.name)}`];
    const unshare =
      "unshare --mount --propagation private --pid --fork --kill-child --mount-proc sh -c".split(
        " ",
      );
    const complaints = openSync(join(this.#plane.folder, "log", `${this.place.name}.log`), "a");
    const power = spawn("setpriv", [...enter, ...unshare, script], {
      stdio: ["ignore", "pipe", complaints],
      detached: true,
    });
    closeSync(complaints);
    const on = await Promise.race([
      once(must(power.stdout, "its output"), "data").then(() => true),
      once(power, "exit").then(() => false),
    ]);
    if (!on) throw new Error(`${this.place.name} has no power: its namespaces cannot be made`);
    this.#power = power;
    this.#firstPid = onlyChildOf(power.pid ?? 0);
  }

  #inside(...command: readonly string[]): readonly [string, ...string[]] {
    return ["nsenter", "--mount", "--pid", "--net", "--target", `${this.#firstPid}`, ...command];
  }

  #start(name: string, command: readonly string[]): Component {
    const log = join(this.#plane.folder, "log", `${this.place.name}-${name}.log`);
    return new Component({ name, command: this.#inside(...command), log });
  }

  async #ctr(...args: readonly string[]): Promise<string> {
    const [program, ...rest] = this.#inside("ctr", "--namespace", "k8s.io", ...args);
    return (await run(program, rest)).stdout;
  }
}

function onlyChildOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  if (!/^\d+$/.test(children)) throw new Error(`process ${pid} has these children: ${children}`);
  return Number(children);
}
