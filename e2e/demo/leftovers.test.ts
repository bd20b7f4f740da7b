import { expect } from "chai";
import { ANNOTATIONS } from "../../operator/api/group.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import { leftInKubernetes, leftInS3, leftInStarRocks } from "./leftovers.ts";

const FOLDER = "starrocks/__starrocks_repository_prod/";
const SNAPSHOT = "shop_1a2b3c4d";

function object(name: string, annotations = {}): KubernetesObject {
  return { apiVersion: "v1", kind: "Any", metadata: { name, annotations } };
}

describe("leftInKubernetes", () => {
  it("keeps idle slots", () => {
    const left = leftInKubernetes({ jobs: [], pods: [], slots: [object("sr-0"), object("sr-1")] });
    expect(left.unwanted).to.deep.equal([]);
    expect(left.kept).to.include("2 slot Services, kept, all idle");
  });

  it("wants no Job, no pod and no lent slot", () => {
    const lent = object("sr-0", { [ANNOTATIONS.lentTo]: "1a2b3c4d-1" });
    const left = leftInKubernetes({ jobs: [object("j")], pods: [object("p")], slots: [lent] });
    expect(left.unwanted).to.deep.equal(["Job j", "pod p", "slot sr-0, which is still lent"]);
  });
});

describe("leftInStarRocks", () => {
  it("keeps the slots' repository entries", () => {
    const repositories = [{ RepoName: "k8s_1a2b3c4d_0" }, { RepoName: "k8s_1a2b3c4d_1" }];
    const left = leftInStarRocks({ brokers: [], repositories, violations: [] });
    expect(left.unwanted).to.deep.equal([]);
    expect(left.kept.join()).to.contain("k8s_1a2b3c4d_0, k8s_1a2b3c4d_1");
  });

  it("wants no broker, no other repository and no breach of the protocol", () => {
    const left = leftInStarRocks({
      brokers: [{ Name: "k8s_1a2b3c4d_0" }],
      repositories: [{ RepoName: "prod" }],
      violations: ["a NULL list"],
    });
    expect(left.unwanted).to.deep.equal([
      "broker k8s_1a2b3c4d_0",
      "repository prod",
      "against the protocol: a NULL list",
    ]);
  });
});

describe("leftInS3", () => {
  const found = { openUploads: [], folder: FOLDER, snapshots: [SNAPSHOT] };
  const keys = [`${FOLDER}__repo_info`, `${FOLDER}__ss_${SNAPSHOT}/__meta.abc`];

  it("keeps the repository's note and the snapshots", () => {
    const left = leftInS3({ ...found, keys });
    expect(left.unwanted).to.deep.equal([]);
    expect(left.kept[0]).to.contain("2 objects").and.contain(`__ss_${SNAPSHOT}`);
  });

  it("wants no staged object, no .part, no other snapshot, no open upload", () => {
    const litter = [
      `${FOLDER}__k8s_staging/1a2b3c4d-1/x`,
      `${FOLDER}__ss_${SNAPSHOT}/a.dat.part`,
      `${FOLDER}__ss_${SNAPSHOT}_2/__meta.abc`,
      "elsewhere",
    ];
    const openUploads = [{ key: "b.dat" }];
    const left = leftInS3({ ...found, keys: [...keys, ...litter], openUploads });
    expect(left.unwanted).to.deep.equal([
      ...litter.map((key) => `object ${key}`),
      "unfinished upload of b.dat",
    ]);
  });

  it("misses a snapshot that is not there", () => {
    expect(leftInS3({ ...found, keys: [`${FOLDER}__repo_info`] }).unwanted).to.deep.equal([
      `nothing of snapshot ${SNAPSHOT}`,
    ]);
  });
});
