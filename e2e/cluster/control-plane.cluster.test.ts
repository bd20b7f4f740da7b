// The control plane without nodes, on loopback and without any right on the machine.
import { expect } from "chai";
import { describeOnControlPlane } from "./describe.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";

const SLOT = JSON.stringify({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "slot", namespace: "default" },
  spec: {
    ports: [{ port: 9060 }],
    sessionAffinity: "ClientIP",
    trafficDistribution: "PreferSameNode",
  },
});

describeOnControlPlane("a real control plane", () => {
  let plane: ControlPlane | undefined;

  afterEach(async () => {
    await plane?.stop();
    plane = undefined;
  });

  it("knows Services that prefer the caller's node", async () => {
    plane = await startControlPlane();
    expect(await plane.apply(SLOT)).to.contain("serverside-applied");
  });

  it("is as an older one that does not", async () => {
    plane = await startControlPlane({
      apiServerFlags: [
        "--emulated-version=1.34",
        "--feature-gates=PreferSameTrafficDistribution=false",
      ],
    });
    const refused = await plane.apply(SLOT).then(String, (error: unknown) => String(error));
    expect(refused).to.match(/trafficDistribution.*Unsupported value/s);
  });
});
