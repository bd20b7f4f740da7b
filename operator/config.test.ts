// The operator's command line.
import { expect } from "chai";
import { FLAGS, helpText, parseConfig } from "./config.ts";
import { TerminalError } from "./errors.ts";

describe("parseConfig", () => {
  it("needs nothing", () => {
    expect(parseConfig([], {})).to.deep.equal({
      kubeconfig: undefined,
      context: undefined,
      namespace: "default",
      watchNamespaces: undefined,
      starRocksNamespaces: undefined,
      agentImage: "starrocks-backup:dev",
      host: "0.0.0.0",
      port: 8080,
      workers: 8,
      leaseMs: 15_000,
      logLevel: "info",
    });
  });

  it("reads every flag", () => {
    const argv =
      "--kubeconfig=./k --context kind --namespace=own --watch-namespaces=prod,test,prod " +
      "--starrocks-namespaces=test,starrocks --agent-image=example.org/a:1 --listen=[::1]:9090 --workers=2 --log-level=debug";
    expect(parseConfig(argv.split(" "), { POD_NAMESPACE: "pod" })).to.deep.equal({
      kubeconfig: "./k",
      context: "kind",
      namespace: "own",
      watchNamespaces: ["prod", "test"],
      starRocksNamespaces: ["prod", "test", "starrocks"],
      agentImage: "example.org/a:1",
      host: "::1",
      port: 9090,
      workers: 2,
      leaseMs: 15_000,
      logLevel: "debug",
    });
  });

  it("looks for StarRocks everywhere where it watches everything", () => {
    const { starRocksNamespaces } = parseConfig(["--starrocks-namespaces=starrocks"], {});
    expect(starRocksNamespaces).to.equal(undefined);
  });

  it("takes the pod's namespace where none is said", () => {
    expect(parseConfig([], { POD_NAMESPACE: "pod" }).namespace).to.equal("pod");
  });

  const WRONG: readonly (readonly [string, RegExp])[] = [
    ["--workers=0", /^--workers=0 is not understood: reconciles at a time/],
    ["--workers=many", /^--workers=many is not understood/],
    ["--listen=8080", /^--listen=8080 is not understood/],
    ["--log-level=loud", /^--log-level=loud is not understood/],
    ["--namespace=A_b", /^--namespace=A_b is not understood/],
    ["--watch-namespaces=a,", /^--watch-namespaces=a, is not understood/],
    ["--watch-namespaces=A", /^--watch-namespaces=A is not understood/],
    ["--starrocks-namespaces=,", /^--starrocks-namespaces=, is not understood/],
    ["--agent-image=", /^--agent-image= is not understood/],
    ["--password=x", /password/],
    ["serve", /serve/],
  ];
  for (const [argument, message] of WRONG) {
    it(`refuses ${argument}`, () => {
      expect(() => parseConfig([argument], {})).to.throw(TerminalError, message);
    });
  }

  it("accepts its own defaults and examples", () => {
    for (const [name, { fallback, example, shape }] of Object.entries(FLAGS)) {
      expect(fallback, name).to.match(shape);
      expect(example, name).to.match(shape);
    }
  });

  it("has a line of help for each flag", () => {
    for (const name of Object.keys(FLAGS)) expect(helpText()).to.include(`--${name} `);
  });
});
