// A real control plane's word on our CRDs, and on what the operator's client leans on. The same scenarios run on the
// embedded API server: api-truth.e2e.ts.
import { fileURLToPath } from "node:url";
import { ApiRelay } from "../api-relay.ts";
import { choosePorts, startControlPlane, type ControlPlane } from "../cluster/control-plane.ts";
import { describeOnControlPlane } from "../cluster/describe.ts";
import { LOOPBACK } from "../servers/loopback.ts";
import { AskedApi } from "./api-truth/asked.ts";
import { describeKubectl } from "./api-truth/kubectl.ts";
import { describeOwnership } from "./api-truth/ownership.ts";
import { describeSchemaCases } from "./api-truth/schema-cases.ts";
import { describeUnknownKinds } from "./api-truth/unknown-kinds.ts";
import { describeWatches } from "./api-truth/watches.ts";
import { describeWrites } from "./api-truth/writes.ts";

const CRDS = fileURLToPath(new URL("../../crds", import.meta.url));

class RealApi extends AskedApi {
  readonly #plane: ControlPlane;
  readonly #etcd: string;

  constructor(relay: ApiRelay, plane: ControlPlane, etcdPort: number) {
    super(relay.url);
    this.#plane = plane;
    this.#etcd = `http://${LOOPBACK}:${etcdPort}`;
  }

  get kubeconfig(): string {
    return this.#plane.kubeconfig;
  }

  get folder(): string {
    return this.#plane.folder;
  }

  async kubectl(...args: string[]): Promise<string> {
    return await this.#plane.kubectl(...args);
  }

  /** The API server keeps the last changes itself: only one that has begun anew tells what etcd has forgotten. */
  async compact(): Promise<void> {
    const revision = await this.#etcdCall("range", { key: "AA==" });
    await this.#etcdCall("compaction", { revision, physical: true });
    await this.restart();
  }

  async restart(): Promise<void> {
    await this.#plane.stopApiServer();
    await this.#plane.startApiServer();
  }

  /** The revision in its answer. */
  async #etcdCall(verb: string, body: object): Promise<string> {
    const answer = await fetch(`${this.#etcd}/v3/kv/${verb}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`etcd ${verb}: ${await answer.text()}`);
    return ((await answer.json()) as { readonly header: { readonly revision: string } }).header
      .revision;
  }
}

describeOnControlPlane("a real API server", () => {
  let plane: ControlPlane;
  let relay: ApiRelay;
  let api: RealApi;

  before(async () => {
    const ports = await choosePorts();
    plane = await startControlPlane({ ports });
    await plane.kubectl("apply", "--server-side", "-f", CRDS);
    await plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", CRDS);
    relay = await ApiRelay.start(plane.kubeconfig);
    api = new RealApi(relay, plane, ports.etcd);
  });

  after(async () => {
    await relay?.stop();
    await plane?.stop();
  });

  describeSchemaCases(() => api);
  describeWrites(() => api);
  describeUnknownKinds(() => api);
  describeKubectl(() => api);
  describeOwnership(() => api);
  describeWatches(() => api);
});
