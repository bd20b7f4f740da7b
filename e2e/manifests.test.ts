// The samples of the documentation, applied to an API server with our CRDs and their rules, and what it says
// to samples that are spoilt.
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { rootCertificates } from "node:tls";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { parse } from "yaml";
import { loadConfig } from "../operator/agent/config.ts";
import type { Repository } from "../operator/api/repository.generated.ts";
import { withDefaults } from "../operator/api/validate.ts";
import { must } from "../operator/assert.ts";
import { systemClock, systemRandom } from "../operator/clock.ts";
import { agentConfig } from "../operator/controllers/agent-config.ts";
import { POD_FILES, volumesOf } from "../operator/controllers/agent-volumes.ts";
import { silentLog } from "../operator/log.ts";
import type { KubernetesObject } from "../operator/runtime/api.ts";
import { openStorage } from "../operator/storage/open.ts";
import { celRules } from "./cel.ts";
import { startApiServer, type ApiServer } from "./kubernetes/api/server.ts";
import { KubernetesClient } from "./kubernetes/client.ts";
import { applyAll, parseManifests } from "./kubernetes/manifests.ts";

const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const MANIFESTS = folder("manifests");
const CRDS = folder("../crds");
const PAGES = [
  "docs/spec/repository.md",
  "docs/spec/backup.md",
  "docs/spec/restore.md",
  "README.md",
];

describe("the samples", () => {
  let server: ApiServer;
  let client: KubernetesClient;

  before(async () => {
    server = await startApiServer({
      host: "127.0.0.1",
      crds: await Promise.all(
        (await yamlFiles(CRDS)).map(async (file) => parse(await text(file)) as object),
      ),
      validate: celRules,
    });
    client = new KubernetesClient(server.url);
  });

  after(async () => {
    await server.stop();
  });

  it("are accepted, each and all", async () => {
    const files = await yamlFiles(MANIFESTS);
    expect(files.length).to.be.greaterThan(6);
    for (const file of files) await applyAll(client, parseManifests(await text(file)));
    for (const file of files) await applyAll(client, parseManifests(await text(file)));
  });

  for (const page of PAGES) {
    it(`of ${page} are accepted, each block and all`, async () => {
      const samples = blocksOf(await text(folder(`../${page}`)));
      expect(samples.length, "blocks of YAML").to.be.greaterThan(1);
      for (const sample of samples) await applyAll(client, parseManifests(sample));
    });
  }

  it("of the Repository's page open their storages in an agent", async () => {
    const page = blocksOf(await text(folder("../docs/spec/repository.md")));
    const all = page.flatMap(parseManifests);
    const repositories = all.filter(isRepository);
    expect(repositories.length).to.be.greaterThan(18);
    for (const sample of repositories) {
      const repository = withDefaults(sample) as unknown as Repository;
      const dir = await mkdtemp(join(tmpdir(), "sample-"));
      try {
        const { storage } = await loadConfig(await mount(dir, repository, all));
        const deps = { clock: systemClock, random: systemRandom, log: silentLog };
        expect(openStorage(storage, deps).location).to.equal(repository.spec.location);
      } finally {
        await rm(dir, { recursive: true });
      }
    }
  });

  const SPOILT: readonly [file: string, change: object, message: RegExp][] = [
    ["repository.yaml", { spec: { location: "s3://elsewhere/x" } }, /location cannot be changed/],
    [
      "backup.yaml",
      { spec: { database: "other" } },
      /database cannot be changed.*make another Backup/,
    ],
    [
      "restore.yaml",
      { spec: { existing: "Overwrite" } },
      /existing cannot be changed|overwriteTables/,
    ],
    [
      "backup.yaml",
      { spec: { deletionPolicy: "Never" } },
      /deletionPolicy.*Unsupported value: "Never"/,
    ],
    ["backup.yaml", { spec: { timeout: "1d" } }, /spec\.timeout.*write for example 6h or 1h30m/],
    ["backup.yaml", { spec: { database: "a\u2028" } }, /spec\.database.*write for example shop/],
    [
      "backup.yaml",
      { spec: { tables: Array.from({ length: 10_000 }, (_, i) => ({ name: `t${i}` })) } },
      /spec\.tables: Too many: 10000: must have at most 1000 items/,
    ],
  ];
  for (const [file, change, message] of SPOILT) {
    it(`are refused with what to write instead: ${file} with ${JSON.stringify(change).slice(0, 80)}`, async () => {
      const [sample] = parseManifests(await text(join(MANIFESTS, file)));
      const spoilt = merge(must(sample), change) as KubernetesObject;
      const refused = await applyAll(client, [spoilt]).then(
        () => "accepted",
        (error: unknown) => String(error),
      );
      expect(refused).to.match(message);
    });
  }
});

function isRepository(
  object: KubernetesObject,
): object is KubernetesObject & { kind: "Repository" } {
  return object.kind === "Repository";
}

/** As the kubelet lays volumes out, from Secrets and ConfigMaps that the page has; the configuration's path. */
async function mount(
  dir: string,
  repository: Repository,
  page: readonly KubernetesObject[],
): Promise<string> {
  for (const volume of volumesOf(repository.spec)) {
    await mkdir(join(dir, volume.name));
    const wanted =
      ("secret" in volume && volume.secret.secretName) ||
      ("configMap" in volume && volume.configMap.name);
    const source = page.find(({ metadata }) => metadata.name === wanted);
    const { stringData, data } = (source ?? {}) as Readonly<Record<string, object | undefined>>;
    for (const [key, value] of Object.entries({ ...stringData, ...data })) {
      // The page has no certificate that anybody could use.
      const content = key === "ca.crt" ? must(rootCertificates[0]) : String(value);
      await writeFile(join(dir, volume.name, key), content);
    }
  }
  const path = join(dir, "pod", basename(POD_FILES.config));
  await writeFile(path, agentConfig(repository));
  return path;
}

/** Blocks of YAML that are whole objects; in a list they are indented. */
function blocksOf(page: string): readonly string[] {
  return [...page.matchAll(/^( *)```yaml\n([\s\S]*?)^\1```/gm)]
    .map(([, indent = "", block = ""]) => block.replaceAll(new RegExp(`^${indent}`, "gm"), ""))
    .filter((block) => block.includes("apiVersion:"));
}

function merge(target: object, change: object): object {
  const merged = Object.entries(change).map(([key, value]: [string, unknown]) => {
    const old = (target as Record<string, unknown>)[key];
    const isDeep =
      typeof value === "object" && value !== null && typeof old === "object" && old !== null;
    return [key, isDeep ? merge(old, value) : value];
  });
  return { ...target, ...(Object.fromEntries(merged) as object) };
}

async function yamlFiles(path: string): Promise<string[]> {
  const names = (await readdir(path)).filter((name) => name.endsWith(".yaml")).sort();
  return names.map((name) => join(path, name));
}

async function text(file: string): Promise<string> {
  return await readFile(file, "utf8");
}
