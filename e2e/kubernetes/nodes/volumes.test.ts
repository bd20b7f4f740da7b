import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Pod, Volume, VolumeMount } from "../core.ts";
import { container, pod } from "../testing/pods.ts";
import { ManualClock } from "../../../operator/testing/manual-clock.ts";
import { ServiceAccountTokens } from "../tokens.ts";
import type { ReadSource } from "./sources.ts";
import { PodTokens } from "./pod-tokens.ts";
import { Volumes } from "./volumes.ts";

const ISSUED = new ServiceAccountTokens("http://127.9.0.1");

describe("the volumes of a pod", () => {
  let dir: string;
  let clock: ManualClock;
  let sources: Map<string, Map<string, Buffer>>;
  const read: ReadSource = async (kind, name) => sources.get(`${kind}/${name}`);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "volumes-"));
    clock = new ManualClock();
    sources = new Map([
      ["Secret/keys", new Map([["id", Buffer.from("AK")]])],
      ["ConfigMap/settings", new Map([["agent.yaml", Buffer.from("a: 1")]])],
    ]);
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const volumesOf = (): Volumes =>
    new Volumes({
      place: { podIP: "127.9.1.10", hostIP: "127.9.1.1" },
      read,
      tokens: new PodTokens(ISSUED, clock),
      rootOf: (name) => join(dir, name),
    });
  const inside = (path: string): Promise<string> => readFile(join(dir, "main", path), "utf8");

  it("are mounted beside each other as in the container", async () => {
    await volumesOf().setUp(
      withVolumes(
        {
          keys: { secret: { secretName: "keys" } },
          settings: { configMap: { name: "settings" } },
          info: {
            downwardAPI: {
              items: [{ path: "annotations", fieldRef: { fieldPath: "metadata.annotations" } }],
            },
          },
        },
        { keys: "/etc/x/credentials", settings: "/etc/x/config", info: "/etc/podinfo" },
      ),
    );
    expect(await inside("etc/x/config/agent.yaml")).to.equal("a: 1");
    // As a program resolves a path that it read from one of the files.
    expect(await inside(join("etc/x/config", "../credentials/id"))).to.equal("AK");
    expect(await inside("etc/podinfo/annotations")).to.equal('note="x"');
  });

  it("may be projected from several sources", async () => {
    await volumesOf().setUp(
      withVolumes(
        {
          all: {
            projected: {
              sources: [
                { secret: { name: "keys", items: [{ key: "id", path: "aws/id" }] } },
                { configMap: { name: "none", optional: true } },
                { serviceAccountToken: { path: "token" } },
                {
                  downwardAPI: {
                    items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }],
                  },
                },
              ],
            },
          },
        },
        { all: "/all" },
      ),
    );
    expect(await inside("all/aws/id")).to.equal("AK");
    expect(await inside("all/name")).to.equal("web-1");
    expect(ISSUED.read(await inside("all/token"))).to.include({ iss: ISSUED.issuer });
  });

  it("hold a token of the pod's service account, for whom it was asked, renewed after four fifths of its life", async () => {
    const projected = (audience: string) => ({
      projected: {
        sources: [{ serviceAccountToken: { path: "token", audience, expirationSeconds: 600 } }],
      },
    });
    const { spec, ...given } = withVolumes(
      { sts: projected("sts.example"), other: projected("another") },
      { sts: "/sts", other: "/other" },
    );
    const account = { ...given, spec: { ...spec, serviceAccountName: "agent" } };
    const volumes = volumesOf();
    await volumes.setUp(account);
    const first = await inside("sts/token");
    expect(ISSUED.read(first)).to.deep.include({
      sub: "system:serviceaccount:team:agent",
      aud: ["sts.example"],
      exp: clock.now() / 1000 + 600,
    });
    expect(ISSUED.read(await inside("other/token"))).to.deep.include({ aud: ["another"] });
    await clock.advance(479_000);
    await volumes.refresh(account);
    expect(await inside("sts/token"), "before four fifths").to.equal(first);
    await clock.advance(1_000);
    await volumes.refresh(account);
    const renewed = ISSUED.read(await inside("sts/token"));
    expect(renewed).to.deep.include({ exp: clock.now() / 1000 + 600 });
  });

  it("share an emptyDir between containers", async () => {
    const main = container({ volumeMounts: [{ name: "tmp", mountPath: "/tmp" }] });
    const other = container({ name: "other", volumeMounts: [{ name: "tmp", mountPath: "/x/y" }] });
    const volumes = [{ name: "tmp", emptyDir: {} }];
    await volumesOf().setUp(pod({ containers: [main, other], volumes }));
    await writeFile(join(dir, "main/tmp/f"), "shared");
    expect(await readFile(join(dir, "other/x/y/f"), "utf8")).to.equal("shared");
  });

  it("follow changes", async () => {
    const volumes = volumesOf();
    const given = withVolumes({ keys: { secret: { secretName: "keys" } } }, { keys: "/keys" });
    await volumes.setUp(given);
    sources.set("Secret/keys", new Map([["id", Buffer.from("AK2")]]));
    await volumes.refresh(given);
    expect(await inside("keys/id")).to.equal("AK2");
  });

  it("cannot be made while something is missing, and can when it came", async () => {
    const volumes = volumesOf();
    const given = withVolumes({ late: { secret: { secretName: "late" } } }, { late: "/late" });
    const error = await volumes.setUp(given).catch((e: unknown) => String(e));
    expect(error).to.contain(
      'MountVolume.SetUp failed for volume "late" : secret "late" not found',
    );
    sources.set("Secret/late", new Map([["k", Buffer.from("v")]]));
    await volumes.setUp(given);
    expect(await inside("late/k")).to.equal("v");
  });

  it("are empty for an optional Secret that is not there", async () => {
    const late = { secret: { secretName: "late", optional: true } };
    const volumes = volumesOf();
    await volumes.setUp(withVolumes({ late }, { late: "/late" }));
    sources.set("Secret/late", new Map([["k", Buffer.from("v")]]));
    await volumes.refresh(withVolumes({ late }, { late: "/late" }));
    expect(await inside("late/k")).to.equal("v");
  });
});

function withVolumes(
  kinds: Readonly<Record<string, Omit<Volume, "name">>>,
  mounts: Readonly<Record<string, string>>,
): Pod {
  const volumeMounts: VolumeMount[] = Object.entries(mounts).map(([name, mountPath]) => ({
    name,
    mountPath,
  }));
  const volumes = Object.entries(kinds).map(([name, kind]) => ({ ...kind, name }));
  return pod(
    { containers: [container({ volumeMounts })], volumes },
    { annotations: { note: "x" } },
  );
}
