import { expect } from "chai";
import type { ContainerSpec } from "../core.ts";
import { container, pod } from "../testing/pods.ts";
import { environmentOf } from "./environment.ts";
import type { ReadSource } from "./sources.ts";

const read: ReadSource = async (kind, name) =>
  name === "there" ? new Map([["key", Buffer.from(`${kind} value`)]]) : undefined;

async function environment(spec: Partial<ContainerSpec>): Promise<Record<string, string>> {
  const values = await environmentOf({
    pod: pod(),
    place: { podIP: "127.9.1.10", hostIP: "127.9.1.1" },
    container: container(spec),
    read,
    image: { FROM_IMAGE: "yes" },
  });
  return Object.fromEntries(values);
}

describe("the environment of a container", () => {
  it("holds nothing of this process but PATH", async () => {
    process.env["HARNESS_ONLY"] = "secret";
    const values = await environment({});
    delete process.env["HARNESS_ONLY"];
    expect(values).to.deep.equal({
      PATH: process.env["PATH"],
      HOSTNAME: "web-1",
      FROM_IMAGE: "yes",
    });
  });

  it("is made of values, fields, Secrets and ConfigMaps", async () => {
    const values = await environment({
      env: [
        { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "LISTEN", value: "$(POD_IP):8000 $(LATER)" },
        { name: "LATER", value: "" },
        { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "there", key: "key" } } },
        { name: "SETTING", valueFrom: { configMapKeyRef: { name: "there", key: "key" } } },
        { name: "NO", valueFrom: { secretKeyRef: { name: "gone", key: "key", optional: true } } },
      ],
      envFrom: [
        { prefix: "P_", configMapRef: { name: "there" } },
        { secretRef: { name: "gone", optional: true } },
      ],
    });
    expect(values).to.include({
      POD_IP: "127.9.1.10",
      LISTEN: "127.9.1.10:8000 $(LATER)",
      PASSWORD: "Secret value",
      SETTING: "ConfigMap value",
      P_key: "ConfigMap value",
    });
    expect(values).not.to.have.property("NO");
  });

  it("says what is missing", async () => {
    const from = (name: string, key: string) =>
      environment({ env: [{ name: "X", valueFrom: { secretKeyRef: { name, key } } }] }).catch(
        (e: unknown) => String(e),
      );
    expect(await from("gone", "key")).to.contain('secret "gone" not found');
    expect(await from("there", "other")).to.contain("couldn't find key other in Secret there");
  });
});
