// What a Repository says arrives in its agents: the file and the volumes as they are, and read by an agent's own eyes.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect } from "chai";
import { loadConfig } from "../agent/config.ts";
import type { Repository } from "../api/repository.generated.ts";
import { REPOSITORY_CASES } from "../api/testing/repository-cases.ts";
import { withDefaults } from "../api/validate.ts";
import { must } from "../assert.ts";
import type { Volume } from "../runtime/objects.ts";
import { agentConfig } from "./agent-config.ts";
import { mountsOf, POD_FILES, volumesOf } from "./agent-volumes.ts";
import { repository } from "./testing/samples.ts";

function configOf(made: Repository): Record<string, unknown> {
  return JSON.parse(agentConfig(made)) as Record<string, unknown>;
}

const ROLE = "arn:aws:iam::123456789012:role/backup";

describe("agentConfig", () => {
  it("says everything of S3", () => {
    const made = repository({
      s3: {
        region: "eu",
        checksumMode: "WhenRequired",
        roleArn: ROLE,
        externalId: "x",
        sessionDuration: "1h30m",
        stsEndpoint: "https://sts",
        storageClass: "STANDARD_IA",
        encryption: { algorithm: "aws:kms", kmsKeyId: "alias/k" },
        tags: { team: "data" },
      },
    });
    expect(configOf(made)["s3"]).to.deep.equal({
      region: "eu",
      checksumMode: "whenRequired",
      role: { arn: ROLE, externalId: "x", sessionSeconds: 5400, stsEndpoint: "https://sts" },
      storageClass: "STANDARD_IA",
      encryption: { algorithm: "aws:kms", kmsKeyId: "alias/k" },
      tags: { team: "data" },
    });
  });

  it("gives the token's file to the role that is taken with it", () => {
    const serviceAccountToken = { audience: "sts.amazonaws.com", expirationSeconds: 3600 };
    const made = repository({
      s3: { region: "eu", checksumMode: "Auto", roleArn: ROLE },
      agent: { memory: "256Mi", serviceAccountToken },
    });
    expect(configOf(made)["s3"]).to.deep.include({
      role: { arn: ROLE, webIdentityTokenFile: "../identity/token" },
    });
    expect(volumesOf(made.spec).at(-1)).to.deep.equal({
      name: "identity",
      projected: { sources: [{ serviceAccountToken: { path: "token", ...serviceAccountToken } }] },
    });
    expect(mountsOf(made.spec).at(-1)?.mountPath).to.equal("/etc/starrocks-backup/identity");
  });

  it("says of authorities and a proxy where their files lie", () => {
    const made = repository({
      connection: {
        caBundle: { secret: { name: "minio-tls", key: "chain.pem" } },
        proxy: { url: "http://p:1", noProxy: ["a"], credentialsSecret: { name: "proxy-user" } },
      },
    });
    expect(configOf(made)["connection"]).to.deep.equal({
      caBundleFile: "../ca/ca.crt",
      proxy: { url: "http://p:1", noProxy: ["a"], credentialsDirectory: "../proxy" },
    });
    expect(volumesOf(made.spec).slice(1)).to.deep.equal([
      {
        name: "ca",
        secret: { secretName: "minio-tls", items: [{ key: "chain.pem", path: "ca.crt" }] },
      },
      { name: "proxy", secret: { secretName: "proxy-user" } },
    ]);
  });

  it("mounts authorities from a ConfigMap", () => {
    const caBundle = { configMap: { name: "company-ca", key: "ca.crt" } };
    expect(volumesOf(repository({ connection: { caBundle } }).spec).at(-1)).to.deep.equal({
      name: "ca",
      configMap: { name: "company-ca", items: [{ key: "ca.crt", path: "ca.crt" }] },
    });
  });
});

/** What people put into their Secrets and ConfigMaps, by the folder in the pod; more than any kind needs. */
const CONTENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  credentials: {
    accessKeyId: "k",
    secretAccessKey: "s",
    user: "u",
    password: "p",
    "credentials.json": `{"type":"service_account","client_email":"e","private_key":"k"}`,
  },
  ca: { "ca.crt": "-----BEGIN CERTIFICATE-----" },
  proxy: { user: "u", password: "p" },
  identity: { token: "t" },
};

describe("a Repository that is accepted", () => {
  let dir = "";

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "agent-config-"));
  });

  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  /** As the kubelet does it. */
  async function mount(made: Repository): Promise<string> {
    for (const { name } of volumesOf(made.spec)) {
      await mkdir(join(dir, name));
      for (const [file, content] of Object.entries(CONTENTS[name] ?? {})) {
        await writeFile(join(dir, name, file), content);
      }
    }
    const path = join(dir, "pod", basename(POD_FILES.config));
    await writeFile(path, agentConfig(made));
    return path;
  }

  const accepted = REPOSITORY_CASES.filter((one) => one.problems.length === 0);
  for (const { name, object } of accepted) {
    it(`is understood by its agents: ${name}`, async () => {
      const made = withDefaults(object) as unknown as Repository;
      const { spec } = made;
      const { storage } = await loadConfig(await mount(made));
      expect(storage.location).to.equal(spec.location);
      const settings = must(storage.s3 ?? storage.gcs ?? storage.hdfs ?? {});
      const hasCredentials = "credentials" in settings;
      expect(hasCredentials).to.equal(spec.credentialsSecret !== undefined);
      expect(storage.connection?.caBundle).to.equal(
        spec.connection?.caBundle && must(CONTENTS["ca"])["ca.crt"],
      );
    });
  }
});

describe("a folder in an agent's pod", () => {
  it("has the name of its volume, which no two have", () => {
    const secret = { name: "x" };
    const volumes: readonly Volume[] = volumesOf(
      repository({
        credentialsSecret: secret,
        connection: {
          caBundle: { configMap: { name: "x", key: "y" } },
          proxy: { url: "http://p", credentialsSecret: secret },
        },
        agent: { memory: 1, serviceAccountToken: { audience: "a", expirationSeconds: 600 } },
      }).spec,
    );
    const names = volumes.map(({ name }) => name);
    expect(names).to.deep.equal(["pod", "credentials", "ca", "proxy", "identity"]);
  });
});
