// A real control plane: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, as processes on one address. On
// loopback it needs no rights, and has no nodes but those that a test writes itself. Real means real: it enforces RBAC,
// CEL rules, Pod Security. Its processes never outlive this one.
import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePorts, LOOPBACK } from "../servers/loopback.ts";
import { Component, until } from "./component.ts";
import {
  apiServer,
  controllerManager,
  etcd,
  scheduler,
  SERVICE_RANGE_FIRST,
  type Place,
  type Ports,
} from "./flags.ts";
import { Pki } from "./pki.ts";
import { pathOf } from "./programs.ts";

const run = promisify(execFile);

/** Seconds on a quiet machine; this is for one that builds something meanwhile. */
const START_MS = 120_000;
const OUTPUT_BYTES = 64 * 1024 * 1024;

export interface ControlPlaneOptions {
  /** Default: loopback. */
  readonly address?: string;
  /** Default: free ones. */
  readonly ports?: Ports;
  /** Where all its files are; default: a temporary folder, which stop() removes. */
  readonly folder?: string;
  /** More flags of the API server, to imitate an older or a stricter one: `--emulated-version=1.34`. */
  readonly apiServerFlags?: readonly string[];
}

export interface ControlPlane {
  /** A path; its user may do everything. */
  readonly kubeconfig: string;
  /** `https://…` */
  readonly server: string;
  readonly folder: string;
  readonly pki: Pki;
  /** Resolves with what it printed; rejects with what it complained about. */
  kubectl(...args: string[]): Promise<string>;
  /** Server-side `kubectl apply` of manifests in YAML. */
  apply(manifests: string): Promise<string>;
  helm(...args: string[]): Promise<string>;
  /** A GET as the same user: the status and the text. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** A namespace under the `restricted` Pod Security standard, in which pods can be made when this resolves. */
  createNamespace(name: string): Promise<void>;
  /** Kills the API server at once: connections break off. etcd and the controllers go on. Idempotent. */
  stopApiServer(): Promise<void>;
  /** Resolves when it is ready again. */
  startApiServer(): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
}

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "control-plane-"));
  const address = options.address ?? LOOPBACK;
  const place: Place = { folder, address, ports: options.ports ?? (await choosePorts()) };
  const isTemporary = options.folder === undefined;
  const plane = new RealControlPlane(place, options.apiServerFlags ?? [], isTemporary);
  try {
    await plane.start();
    return plane;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

/** Not started yet: {@link startControlPlane}. */
export class RealControlPlane implements ControlPlane {
  readonly folder: string;
  readonly server: string;
  readonly #place: Place;
  readonly #apiServerFlags: readonly string[];
  readonly #isTemporary: boolean;
  readonly #others: Component[] = [];
  #apiServer: Component | undefined;
  #pki: Pki | undefined;

  /** A temporary folder is removed at the end. */
  constructor(place: Place, apiServerFlags: readonly string[], isTemporary = false) {
    this.folder = place.folder;
    this.server = `https://${place.address}:${place.ports.apiServer}`;
    this.#place = place;
    this.#apiServerFlags = apiServerFlags;
    this.#isTemporary = isTemporary;
  }

  get pki(): Pki {
    if (this.#pki === undefined) throw new Error("the control plane has not been started");
    return this.#pki;
  }

  get kubeconfig(): string {
    return this.pki.path("admin.kubeconfig");
  }

  async start(): Promise<void> {
    const store = this.#run("etcd", etcd(this.#place));
    this.#others.push(store);
    this.#pki = await this.#makePki();
    await until({ what: "etcd to answer", withinMs: START_MS, of: store }, async () => {
      const answer = await fetch(`http://${this.#place.address}:${this.#place.ports.etcd}/health`);
      return answer.ok;
    });
    await this.startApiServer();
    // They end by themselves when there is no API server in their first seconds.
    const controllers = this.#run("kube-controller-manager", controllerManager(this.#place));
    const placing = this.#run("kube-scheduler", scheduler(this.#place));
    this.#others.push(controllers, placing);
    await Promise.all([
      this.#healthy(controllers, this.#place.ports.controllerManager),
      this.#healthy(placing, this.#place.ports.scheduler),
    ]);
    await this.#namespaceIsUsable("default");
  }

  async kubectl(...args: string[]): Promise<string> {
    const command = ["kubectl", "--kubeconfig", this.kubeconfig, ...args];
    const { stdout } = await run(pathOf("kube"), command, { maxBuffer: OUTPUT_BYTES });
    return stdout;
  }

  async apply(manifests: string): Promise<string> {
    const args = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    const command = ["kubectl", "--kubeconfig", this.kubeconfig, ...args];
    const running = run(pathOf("kube"), command, { maxBuffer: OUTPUT_BYTES });
    running.child.stdin?.end(manifests);
    return (await running).stdout;
  }

  async helm(...args: string[]): Promise<string> {
    const env = {
      ...process.env,
      KUBECONFIG: this.kubeconfig,
      HELM_CACHE_HOME: join(this.folder, "helm/cache"),
      HELM_CONFIG_HOME: join(this.folder, "helm/config"),
      HELM_DATA_HOME: join(this.folder, "helm/data"),
    };
    const { stdout } = await run(pathOf("helm"), args, { env, maxBuffer: OUTPUT_BYTES });
    return stdout;
  }

  get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const identity = {
      ca: this.pki.read("ca.crt"),
      cert: this.pki.read("admin.crt"),
      key: this.pki.read("admin.key"),
    };
    return get(`${this.server}${path}`, identity);
  }

  async createNamespace(name: string): Promise<void> {
    await this.apply(`
apiVersion: v1
kind: Namespace
metadata:
  name: ${name}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`);
    await this.#namespaceIsUsable(name);
  }

  async stopApiServer(): Promise<void> {
    // Asked politely, it would wait up to a minute for watches to end. It holds no state.
    await this.#apiServer?.stop("SIGKILL");
    this.#apiServer = undefined;
  }

  async startApiServer(): Promise<void> {
    if (this.#apiServer !== undefined) return;
    const started = this.#run("kube-apiserver", apiServer(this.#place, this.#apiServerFlags));
    this.#apiServer = started;
    await until(
      { what: "the API server to be ready", withinMs: START_MS, of: started },
      async () => (await this.get("/readyz")).status === 200,
    );
  }

  async stop(): Promise<void> {
    await this.stopApiServer();
    for (const one of this.#others.splice(0).reverse()) await one.stop("SIGKILL");
    if (this.#isTemporary) await rm(this.folder, { recursive: true, force: true });
  }

  #run(name: string, args: readonly string[]): Component {
    const log = join(this.folder, "log", `${name}.log`);
    return new Component({ name, command: [pathOf("kube"), name, ...args], log });
  }

  async #makePki(): Promise<Pki> {
    const { address, folder } = this.#place;
    const pki = await Pki.make(join(folder, "pki"));
    const dns = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
    await Promise.all([
      pki.server("apiserver", [
        ...new Set([`IP:${LOOPBACK}`, `IP:${address}`, `IP:${SERVICE_RANGE_FIRST}`]),
        ...dns.map((name) => `DNS:${name}`),
      ]),
      pki.client("admin", { name: "admin", group: "system:masters" }),
      pki.client("controller-manager", { name: "system:kube-controller-manager" }),
      pki.client("scheduler", { name: "system:kube-scheduler" }),
      pki.client("apiserver-kubelet", { name: "kube-apiserver", group: "system:masters" }),
      pki.client("front-proxy", { name: "front-proxy" }),
    ]);
    for (const user of ["admin", "controller-manager", "scheduler"]) {
      await pki.kubeconfig(user, this.server);
    }
    return pki;
  }

  async #healthy(component: Component, port: number): Promise<void> {
    const url = `https://${this.#place.address}:${port}/healthz`;
    await until(
      { what: `${component.name} to be healthy`, withinMs: START_MS, of: component },
      async () => (await get(url, { rejectUnauthorized: false })).status === 200,
    );
  }

  /** Pods are refused before their service account is there. */
  async #namespaceIsUsable(name: string): Promise<void> {
    await until(
      { what: `the service account of namespace ${name}`, withinMs: START_MS },
      async () =>
        (await this.get(`/api/v1/namespaces/${name}/serviceaccounts/default`)).status === 200,
    );
  }
}

/** Free ones, for who must know them before they are listened on. */
export async function choosePorts(): Promise<Ports> {
  const [etcd = 0, etcdPeers = 0, apiServer = 0, controllerManager = 0, scheduler = 0] =
    await freePorts(5);
  return { etcd, etcdPeers, apiServer, controllerManager, scheduler };
}

interface Identity {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized?: boolean;
}

function get(
  url: string,
  identity: Identity,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asked = httpsRequest(url, { ...identity, agent: false, timeout: 10_000 }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (text += chunk));
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.on("timeout", () => asked.destroy(new Error(`${url}: no answer in 10 s`)));
    asked.on("error", reject);
    asked.end();
  });
}
