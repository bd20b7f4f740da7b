// The real cluster of a run, made ready for Worlds: with our image on its nodes, and a client that may do everything.
import { execPath } from "node:process";
import type { ChildProcess } from "node:child_process";
import { must } from "../operator/assert.ts";
import { buildArchive, buildImage } from "../hack/image/build.ts";
import { ApiRelay } from "./api-relay.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { sharedCluster } from "./cluster/shared.ts";
import { KubernetesClient } from "./kubernetes/client.ts";

export class ClusterSite {
  readonly cluster: Cluster;
  readonly client: KubernetesClient;
  /** Full name of the image under test. */
  readonly image: string;

  private constructor(cluster: Cluster, relay: ApiRelay, image: string) {
    this.cluster = cluster;
    this.client = new KubernetesClient(relay.url);
    this.image = image;
  }

  static async open(): Promise<ClusterSite> {
    const { archive, reference } = await buildImage();
    const cluster = await sharedCluster();
    await cluster.importImage(archive);
    return new ClusterSite(cluster, await ApiRelay.start(cluster.kubeconfig), reference);
  }

  /** The same image under another tag, as a release that changed nothing. Resolves with its full name. */
  async importAs(tag: string): Promise<string> {
    const reference = `${this.image.slice(0, this.image.lastIndexOf(":"))}:${tag}`;
    const architectures = [process.arch === "arm64" ? "arm64" : "amd64"] as const;
    const { archive } = await buildArchive({ architectures, reference });
    await this.cluster.importImage(archive);
    return reference;
  }

  /** Starts Node with a module on the node with this address, as a caller that is no pod. */
  fork(address: string, module: string): ChildProcess {
    const node = must(
      this.cluster.nodes.find((n) => n.address === address),
      `a node at ${address}`,
    );
    const stdio = ["inherit", "inherit", "inherit", "ipc"] as const;
    return this.cluster.spawnOn(node.name, execPath, [module], { stdio: [...stdio] });
  }
}

let opened: Promise<ClusterSite> | undefined;

/** The run's one. It goes with the process, as its cluster does. */
export async function theSite(): Promise<ClusterSite> {
  return await (opened ??= ClusterSite.open());
}
