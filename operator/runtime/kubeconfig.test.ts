import { expect } from "chai";
import type { ClientOptions } from "./client.ts";
import { LEASES } from "./objects.ts";
import { ScriptedServer, TOKEN, caught, json } from "./testing/scripted-server.ts";
import { lease } from "./testing/world.ts";

const KEY = { namespace: "n", name: "a" };
const stored = { ...lease("a"), metadata: { ...lease("a").metadata, resourceVersion: "1" } };

describe("a kubeconfig", () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });
  afterEach(async () => {
    await server.stop();
  });

  const refusal = async (text: string, options: Partial<ClientOptions> = {}) =>
    await caught(server.open(options, text));

  it("that is missing or broken ends it with what to do", async () => {
    const missing = await caught(server.open({ kubeconfig: server.path("none") }));
    expect(missing).to.include({ name: "TerminalError", reason: "KubeconfigInvalid" });
    expect(missing.message).to.contain("give --kubeconfig");
    expect(await refusal("{]")).to.include({ reason: "KubeconfigInvalid" });
  });

  it("without the context asked for names those it has", async () => {
    const error = await refusal(server.kubeconfig(), { context: "there" });
    expect(error.message).to.contain("context there").and.contain("it has here");
  });

  it("that would send credentials in the clear is refused", async () => {
    const error = await refusal(
      server.kubeconfig({ token: TOKEN }, "http://kubernetes.example:8080"),
    );
    expect(error).to.include({ reason: "KubeconfigInvalid" });
    expect(error.message).to.contain("use https").and.not.contain(TOKEN);
  });

  it("whose plugin fails says so, and is tried again", async () => {
    server.answers = [json(200, stored)];
    const exec = (script: string) => ({
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        command: process.execPath,
        args: ["-e", script],
      },
    });
    const broken = await server.open({}, server.kubeconfig(exec("process.exit(3)")));
    expect(await caught(broken.get(LEASES, KEY))).to.include({
      reason: "CredentialsUnavailable",
    });
    broken.close();
    const print = 'console.log(JSON.stringify({ status: { token: "from-plugin" } }))';
    const api = await server.open({}, server.kubeconfig(exec(print)));
    await Promise.all([api.get(LEASES, KEY), api.get(LEASES, KEY)]);
    expect(server.seen.map(({ headers }) => headers.authorization)).to.deep.equal([
      "Bearer from-plugin",
      "Bearer from-plugin",
    ]);
  });
});
