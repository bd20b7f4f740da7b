// Names: the same for the same object, different for any two, and short enough for what they name.
import { expect } from "chai";
import type { ObjectMeta } from "../runtime/api.ts";
import * as names from "./names.ts";

function meta(name: string, uid: string): ObjectMeta {
  return { name, namespace: "ops", uid };
}

const REPO = meta("prod", "1a2b3c4d-0000-4000-8000-000000000000");
const NIGHTLY = meta("orders-nightly", "5e6f7a8b-0000-4000-8000-000000000000");
const LONG = meta("a".repeat(253), "5e6f7a8b-0000-4000-8000-000000000000");
const OTHER_LONG = meta("a".repeat(253), "99999999-0000-4000-8000-000000000000");
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

describe("names", () => {
  it("of a slot tie Service, address and mount together", () => {
    expect(names.slotServiceName(REPO, 3)).to.equal("sr-1a2b3c4d-3");
    expect(names.slotAddress(REPO, 3)).to.equal("sr-1a2b3c4d-3.ops.svc:8000");
    expect(names.mountName(REPO, 3)).to.equal("k8s_1a2b3c4d_3");
  });

  it("of Jobs are readable, then unique", () => {
    expect(names.jobName(NIGHTLY, 1, "ab12cd34")).to.equal("orders-nightly-5e6f7a8b-1-ab12cd34");
    expect(names.attemptId(NIGHTLY, 2)).to.equal("5e6f7a8b-2");
  });

  it("of Jobs are names of Kubernetes for every owner", () => {
    const owners = [
      NIGHTLY,
      LONG,
      meta("a.b.c", "1".repeat(36)),
      meta(`${"a".repeat(40)}-b`, "2".repeat(36)),
    ];
    for (const owner of owners) {
      for (const parts of [["seal"], [20, names.nodeSuffix("n".repeat(253))], [1, "any"]]) {
        expect(names.jobName(owner, ...parts)).to.match(DNS_LABEL);
      }
    }
  });

  it("of two owners differ, however alike theirs are", () => {
    expect(names.jobName(LONG, "seal")).to.not.equal(names.jobName(OTHER_LONG, "seal"));
    expect(names.snapshotLabel(LONG, undefined, 1)).to.not.equal(
      names.snapshotLabel(OTHER_LONG, undefined, 1),
    );
  });

  it("of nodes are short and differ", () => {
    const suffixes = ["worker-0", "worker-1", "n".repeat(253)].map(names.nodeSuffix);
    expect(new Set(suffixes).size).to.equal(3);
    for (const suffix of suffixes) expect(suffix).to.match(/^[0-9a-f]{8}$/);
  });

  it("refuse an object without a UID", () => {
    expect(() => names.uid8({ name: "x" })).to.throw(/has a UID/);
  });

  describe("of snapshots", () => {
    it("are the Backup's, with its UID, and the attempt's number from the second on", () => {
      expect(names.snapshotLabel(NIGHTLY, undefined, 1)).to.equal("orders_nightly_5e6f7a8b");
      expect(names.snapshotLabel(NIGHTLY, undefined, 2)).to.equal("orders_nightly_5e6f7a8b_2");
    });

    it("are the name that was asked for", () => {
      expect(names.snapshotLabel(NIGHTLY, "before_upgrade", 1)).to.equal("before_upgrade");
      expect(names.snapshotLabel(NIGHTLY, "before_upgrade", 3)).to.equal("before_upgrade_3");
    });

    it("have at most 60 characters of StarRocks' names, and stay unique by attempt", () => {
      for (const given of [undefined, "s".repeat(60)]) {
        const labels = [1, 2, 19, 20].map((n) => names.snapshotLabel(LONG, given, n));
        expect(new Set(labels).size).to.equal(4);
        for (const label of labels) expect(label).to.match(/^[A-Za-z0-9_]{1,60}$/);
      }
      const label = names.snapshotLabel(LONG, undefined, 20);
      expect(label, "the UID is never cut off").to.include("5e6f7a8b");
    });

    it("replace what StarRocks does not take", () => {
      expect(names.snapshotLabel(meta("a.b-c", NIGHTLY.uid ?? ""), undefined, 1)).to.equal(
        "a_b_c_5e6f7a8b",
      );
    });
  });

  it("of the repository are said, or made from the Repository's", () => {
    expect(names.repositoryName(meta("my-prod.eu", ""), undefined)).to.equal("my_prod_eu");
    expect(names.repositoryName(REPO, "given")).to.equal("given");
    expect(names.repositoryFolder("prod")).to.equal("__starrocks_repository_prod");
  });
});
