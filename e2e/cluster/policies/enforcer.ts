// Enforces NetworkPolicies on the nodes of a cluster while it runs: reads what the API server says, again and again, and
// gives each node its packet filter. In place of a network plug-in that heeds policies.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { ControlPlane } from "../control-plane.ts";
import { namespacePath, NODE_PLACES } from "../network.ts";
import type { NetworkPolicy, PolicyPod } from "./rules.ts";
import type { KubernetesObject } from "../../../operator/runtime/api.ts";
import { REFUSED, TABLE, tableOf } from "./table.ts";

const run = promisify(execFile);

/** Between two looks. A pod's first connections wait for one. */
const PAUSE_MS = 250;

/** A connection whose packets were dropped. Addresses and port are what the node saw, behind a Service's. */
export interface Refusal {
  readonly from: string;
  readonly to: string;
  /** `tcp`, `udp`. */
  readonly protocol: string;
  readonly port: number;
}

export class PolicyEnforcer {
  readonly #plane: Pick<ControlPlane, "get">;
  #last: Promise<void> = Promise.resolve();
  #following: Promise<void> | undefined;
  #isStopped = false;

  private constructor(plane: Pick<ControlPlane, "get">) {
    this.#plane = plane;
  }

  /** Resolves when the policies that there are hold. */
  static async start(plane: Pick<ControlPlane, "get">): Promise<PolicyEnforcer> {
    const enforcer = new PolicyEnforcer(plane);
    await enforcer.catchUp();
    enforcer.#following = enforcer.#follow();
    return enforcer;
  }

  /** Resolves when nodes filter by what the API server says now: of every pod that has an address. */
  catchUp(): Promise<void> {
    // A look that has begun may have read before.
    const next = this.#last.catch(() => {}).then(() => this.#look());
    this.#last = next;
    return next;
  }

  /** Since it was started, each once. */
  async refused(): Promise<readonly Refusal[]> {
    const sets = await Promise.all(
      nodesWithPower().map(async ({ name }) => {
        return await nft(name, ["--json", "list", "set", "inet", TABLE, REFUSED]);
      }),
    );
    return sets.flatMap(refusalsOf);
  }

  /** Everything is let through again. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#following;
    const remove = `table inet ${TABLE}\ndelete table inet ${TABLE}\n`;
    await Promise.all(nodesWithPower().map(({ name }) => nft(name, ["--file", "-"], remove)));
  }

  async #follow(): Promise<void> {
    while (!this.#isStopped) {
      await this.catchUp().catch((error: unknown) => {
        process.stderr.write(`NetworkPolicies stay as they were: ${String(error)}\n`);
      });
      await sleep(PAUSE_MS);
    }
  }

  async #look(): Promise<void> {
    // Policies last: no pod is known before the policies that it was made under.
    const pods = await this.#list<PolicyPod>("/api/v1/pods");
    const namespaces = await this.#list<KubernetesObject>("/api/v1/namespaces");
    const policies = await this.#list<NetworkPolicy>("/apis/networking.k8s.io/v1/networkpolicies");
    await Promise.all(
      nodesWithPower().map(async (node) => {
        await nft(node.name, ["--file", "-"], tableOf(node, { policies, namespaces, pods }));
      }),
    );
  }

  async #list<T>(path: string): Promise<readonly T[]> {
    const { status, text } = await this.#plane.get(path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`);
    return (JSON.parse(text) as { readonly items: readonly T[] }).items;
  }
}

function nodesWithPower() {
  return NODE_PLACES.filter(({ name }) => existsSync(namespacePath(name)));
}

async function nft(node: string, args: readonly string[], input?: string): Promise<string> {
  const running = run("nsenter", [`--net=${namespacePath(node)}`, "nft", ...args]);
  if (input !== undefined) {
    // One that ended before it has read says why by itself.
    running.child.stdin?.on("error", () => {});
    running.child.stdin?.end(input);
  }
  return (await running).stdout;
}

type Elements = readonly { readonly concat: readonly [string, string, string, number] }[];

function refusalsOf(listed: string): readonly Refusal[] {
  const { nftables } = JSON.parse(listed) as {
    readonly nftables: readonly { readonly set?: { readonly elem?: Elements } }[];
  };
  const elements = nftables.flatMap(({ set }) => set?.elem ?? []);
  return elements.map(({ concat: [from, to, protocol, port] }) => ({ from, to, protocol, port }));
}
