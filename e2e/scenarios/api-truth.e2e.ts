// What a real API server says to our CRDs (api-truth.cluster.e2e.ts), asked of the embedded one: it must not be kinder.
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { celRules } from "../cel.ts";
import { startApiServer, type ApiServer } from "../kubernetes/api/server.ts";
import { kubeconfig } from "../kubernetes/kubeconfig.ts";
import { AskedApi } from "./api-truth/asked.ts";
import { describeSchemaCases } from "./api-truth/schema-cases.ts";
import { describeUnknownKinds } from "./api-truth/unknown-kinds.ts";
import { describeWatches, type Disturbed } from "./api-truth/watches.ts";
import { describeWrites } from "./api-truth/writes.ts";

const CRDS = fileURLToPath(new URL("../../crds", import.meta.url));

class EmbeddedApi extends AskedApi implements Disturbed {
  readonly kubeconfig: string;
  readonly #server: ApiServer;

  constructor(server: ApiServer, kubeconfigFile: string) {
    super(server.url);
    this.#server = server;
    this.kubeconfig = kubeconfigFile;
  }

  compact(): Promise<void> {
    this.#server.compact();
    return Promise.resolve();
  }

  async restart(): Promise<void> {
    await this.#server.restart();
  }
}

describe("the embedded API server", () => {
  let folder: string;
  let server: ApiServer;
  let api: EmbeddedApi;

  before(async () => {
    const files = (await readdir(CRDS)).filter((name) => name.endsWith(".yaml"));
    const crds = await Promise.all(
      files.map(async (name) => parse(await readFile(join(CRDS, name), "utf8")) as object),
    );
    server = await startApiServer({ crds, validate: celRules });
    folder = await mkdtemp(join(tmpdir(), "api-truth-"));
    const file = join(folder, "kubeconfig");
    await writeFile(file, kubeconfig(server.url));
    api = new EmbeddedApi(server, file);
  });

  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  describeSchemaCases(() => api);
  describeWrites(() => api);
  describeUnknownKinds(() => api);
  describeWatches(() => api);
});
