// The operator as a Deployment runs it: what ends is started again. Each process reaches the API server over a cable
// that can be cut.
import type { ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../../../operator/assert.ts";
import { kubeconfig } from "../../kubernetes/kubeconfig.ts";
import { Link } from "../../servers/link.ts";
import { ended, type World } from "../../world.ts";

const START_AGAIN_MS = 300;
/** What a cable of the operator's host cuts off: it has no address of its own here. */
const HOST = "127.0.0.1";

export class Deployment {
  readonly #world: World;
  readonly #link: Link;
  readonly #kubeconfig: string;
  readonly #replicas: ChildProcess[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  private constructor(world: World, link: Link, path: string) {
    this.#world = world;
    this.#link = link;
    this.#kubeconfig = path;
  }

  /** With one replica. */
  static async start(world: World): Promise<Deployment> {
    const link = await Link.to(world.kubernetes.url);
    const path = join(world.dir, "operator-kubeconfig");
    await writeFile(path, kubeconfig(link.url), { mode: 0o600 });
    const deployment = new Deployment(world, link, path);
    deployment.scaleUp();
    return deployment;
  }

  /** One replica more. */
  scaleUp(): void {
    if (this.#stopped) return;
    const child = this.#world.startOperator(this.#kubeconfig);
    this.#replicas.push(child);
    child.once("exit", () => {
      const at = this.#replicas.indexOf(child);
      // One that was scaled away is not in the list any more.
      if (at < 0) return;
      this.#replicas.splice(at, 1);
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.scaleUp();
      }, START_AGAIN_MS);
      this.#timers.add(timer);
    });
  }

  /** Down to one: the youngest, which may not lead yet, stays. */
  async scaleDown(): Promise<void> {
    const gone = this.#replicas.splice(0, Math.max(0, this.#replicas.length - 1));
    await Promise.all(gone.map(async (child) => await ended(child, "SIGTERM")));
  }

  /** To all replicas. */
  signal(signal: NodeJS.Signals): void {
    must(this.#replicas[0], "an operator that runs");
    for (const child of this.#replicas) child.kill(signal);
  }

  /** No network but that of its own host: neither the API server nor StarRocks. */
  cut(): void {
    this.#link.cut();
    this.#world.kubernetes.partitions.isolate("operator", (address) => address === HOST);
  }

  mend(): void {
    this.#world.kubernetes.partitions.join("operator");
    this.#link.mend();
  }

  /** Without replicas and cable. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const all = this.#replicas.splice(0);
    await Promise.all(all.map(async (child) => await ended(child, "SIGKILL")));
    await this.#link.stop();
  }
}
