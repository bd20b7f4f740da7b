// What a Repository refers to: missing, without a key, changed; and that nothing of it is told.
import { expect } from "chai";
import type { Repository, RepositorySpec } from "../../api/repository.generated.ts";
import { CONFIG_MAPS, SECRETS } from "../../runtime/objects.ts";
import { MemoryApi } from "../../runtime/testing/memory-api.ts";
import { repository } from "../testing/samples.ts";
import { observeReferences } from "./observe-references.ts";

type Data = Readonly<Record<string, string>>;

const GCS = { location: "gs://backups", s3: undefined } as unknown as Partial<RepositorySpec>;
const HDFS = {
  location: "webhdfs://nn:9870/b",
  s3: undefined,
} as unknown as Partial<RepositorySpec>;
const KEYS = { credentialsSecret: { name: "keys" } };
const CA = { connection: { caBundle: { configMap: { name: "ca", key: "ca.crt" } } } };
const CA_SECRET = { connection: { caBundle: { secret: { name: "ca", key: "tls.crt" } } } };
const PROXY = {
  connection: { proxy: { url: "http://p:1", credentialsSecret: { name: "proxy-user" } } },
};

describe("observeReferences", () => {
  let api: MemoryApi;

  beforeEach(() => {
    api = new MemoryApi();
  });

  function putSecret(name: string, data: Data, namespace = "ops"): void {
    const metadata = { name, namespace };
    api.seed(SECRETS, { apiVersion: "v1", kind: "Secret", metadata, data });
  }

  function putConfigMap(name: string, data: Data, binaryData: Data = {}): void {
    const metadata = { name, namespace: "ops" };
    api.seed(CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata, data, binaryData });
  }

  async function problemOf(made: Repository): Promise<string | undefined> {
    const { missing } = await observeReferences(api, made);
    return missing && `${missing.reason}: ${missing.message}`;
  }

  it("finds nothing wrong where nothing is referred to", async () => {
    expect(await problemOf(repository())).to.equal(undefined);
  });

  const SECRET_CASES: readonly [what: string, Partial<RepositorySpec>, Data, RegExp | undefined][] =
    [
      ["S3's keys", {}, { accessKeyId: "eA==", secretAccessKey: "eA==" }, undefined],
      [
        "S3's key id alone",
        {},
        { accessKeyId: "eA==" },
        /no key secretAccessKey: it needs the keys accessKeyId/,
      ],
      [
        "an empty key of S3",
        {},
        { accessKeyId: "", secretAccessKey: "eA==" },
        /no key accessKeyId/,
      ],
      [
        "Google's key of S3",
        {},
        { "credentials.json": "e30=" },
        /no key accessKeyId and secretAccessKey/,
      ],
      ["Google's file", GCS, { "credentials.json": "e30=" }, undefined],
      [
        "S3's keys for Google",
        GCS,
        { accessKeyId: "eA==", secretAccessKey: "eA==" },
        /no key credentials\.json/,
      ],
      ["a user of HDFS", HDFS, { user: "eA==", password: "eA==" }, undefined],
      ["a token of HDFS", HDFS, { delegationToken: "eA==" }, undefined],
      [
        "a user of HDFS without password",
        HDFS,
        { user: "eA==" },
        /no key password: .* or delegationToken alone/,
      ],
      [
        "a token and a user of HDFS",
        HDFS,
        { delegationToken: "eA==", user: "eA==" },
        /delegationToken beside user: /,
      ],
    ];
  for (const [what, spec, data, problem] of SECRET_CASES) {
    it(`${problem === undefined ? "takes" : "refuses"} a Secret with ${what}`, async () => {
      putSecret("keys", data);
      const found = await problemOf(repository({ ...spec, ...KEYS }));
      if (problem === undefined) expect(found).to.equal(undefined);
      else
        expect(found)
          .to.match(/^CredentialsMissing: Secret keys has /)
          .and.to.match(problem);
    });
  }

  it("does not take a Secret of another namespace", async () => {
    putSecret("keys", { accessKeyId: "eA==", secretAccessKey: "eA==" }, "other");
    expect(await problemOf(repository(KEYS))).to.match(
      /^CredentialsMissing: Secret keys does not exist in this namespace/,
    );
  });

  it("wants the proxy's user", async () => {
    expect(await problemOf(repository(PROXY))).to.match(
      /^CredentialsMissing: Secret proxy-user does/,
    );
    putSecret("proxy-user", { user: "eA==" });
    expect(await problemOf(repository(PROXY))).to.match(/no key password: .* connection\.proxy$/);
    putSecret("proxy-user", { user: "eA==", password: "eA==" });
    expect(await problemOf(repository(PROXY))).to.equal(undefined);
  });

  it("wants the authorities, from a ConfigMap", async () => {
    expect(await problemOf(repository(CA))).to.match(
      /^CaBundleMissing: ConfigMap ca does not exist/,
    );
    putConfigMap("ca", { "other.crt": "x" });
    expect(await problemOf(repository(CA))).to.match(
      /^CaBundleMissing: ConfigMap ca has no key ca\.crt/,
    );
    putConfigMap("ca", { "ca.crt": "x" });
    expect(await problemOf(repository(CA))).to.equal(undefined);
    putConfigMap("ca", {}, { "ca.crt": "eA==" });
    expect(await problemOf(repository(CA))).to.equal(undefined);
  });

  it("wants the authorities, from a Secret", async () => {
    putConfigMap("ca", { "tls.crt": "x" });
    expect(await problemOf(repository(CA_SECRET))).to.match(
      /^CaBundleMissing: Secret ca does not exist/,
    );
    putSecret("ca", { "tls.crt": "eA==" });
    expect(await problemOf(repository(CA_SECRET))).to.equal(undefined);
  });

  it("tells of the storage's credentials first", async () => {
    const made = repository({ ...KEYS, ...CA });
    expect(await problemOf(made)).to.match(/^CredentialsMissing: Secret keys /);
  });

  for (const [what, spec, change] of [
    ["credentials", KEYS, () => putSecret("keys", { accessKeyId: "c2VjcmV0" })],
    ["authorities", CA, () => putConfigMap("ca", { "ca.crt": "another" })],
    ["authorities in a Secret", CA_SECRET, () => putSecret("ca", { "tls.crt": "c2VjcmV0" })],
    ["user of the proxy", PROXY, () => putSecret("proxy-user", { user: "c2VjcmV0" })],
  ] as const) {
    it(`marks a check with the ${what} it was made with, and tells nothing of them`, async () => {
      const made = repository(spec);
      const marks = new Set<string>();
      for (let i = 0; i < 3; i += 1) {
        const { checkedWith } = await observeReferences(api, made);
        const again = await observeReferences(api, made);
        expect(again.checkedWith).to.equal(checkedWith);
        expect(checkedWith).to.match(/^1-[0-9a-f]{16}$/);
        marks.add(checkedWith);
        change();
      }
      expect(marks.size).to.equal(3);
    });
  }
});
