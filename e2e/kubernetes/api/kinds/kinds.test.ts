import { expect } from "chai";
import { remove } from "../deletion.ts";
import type { Fields } from "../object.ts";
import { at, fieldsAt } from "../object.ts";
import type { TestRegistry } from "../testing/cluster.ts";
import { job, refusal, testRegistry } from "../testing/cluster.ts";
import { jobs } from "./jobs.ts";
import { pods } from "./pods.ts";
import { secrets } from "./secrets.ts";
import { services } from "./services.ts";

describe("built-in kinds", () => {
  let cluster: TestRegistry;
  const registry = () => cluster.registry;
  beforeEach(() => {
    cluster = testRegistry();
  });
  afterEach(() => cluster.stop());
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    [
      "a pod without containers",
      () => registry().create(pods, "default", { metadata: { name: "p" }, spec: {} }),
      "spec.containers: Required value",
    ],
    [
      "a container without an image",
      () =>
        registry().create(pods, "default", {
          metadata: { name: "p" },
          spec: { containers: [{ name: "c" }] },
        }),
      "spec.containers[0].image: Required value",
    ],
    [
      "a mount of no volume",
      () =>
        registry().create(pods, "default", {
          metadata: { name: "p" },
          spec: {
            containers: [{ name: "c", image: "x", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
          },
        }),
      'spec.containers[0].volumeMounts[0].name: Not found: "v"',
    ],
    [
      "a Job that restarts always",
      () => registry().create(jobs, "default", job("j", {}, { restartPolicy: "Always" })),
      'Unsupported value: "Always": supported values: "OnFailure", "Never"',
    ],
    [
      "a failure policy with OnFailure",
      () =>
        registry().create(
          jobs,
          "default",
          job("j", { podFailurePolicy: { rules: [] } }, { restartPolicy: "OnFailure" }),
        ),
      'only "Never" is supported when podFailurePolicy is specified',
    ],
    [
      "a rule on exit code 0",
      () =>
        registry().create(
          jobs,
          "default",
          job("j", {
            podFailurePolicy: {
              rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [0] } }],
            },
          }),
        ),
      "must not be 0 for the In operator",
    ],
    [
      "a rule about nothing",
      () =>
        registry().create(
          jobs,
          "default",
          job("j", { podFailurePolicy: { rules: [{ action: "Ignore" }] } }),
        ),
      "specifying one of OnExitCodes and OnPodConditions is required",
    ],
    [
      "a Job's name that is no label",
      () => registry().create(jobs, "default", job("j".repeat(64))),
      "must be no more than 63 bytes",
    ],
    [
      "a Service without ports",
      () => registry().create(services, "default", { metadata: { name: "s" }, spec: {} }),
      "spec.ports: Required value",
    ],
    [
      "a Service's name that is no DNS label",
      () =>
        registry().create(services, "default", {
          metadata: { name: "1s" },
          spec: { ports: [{ port: 1 }] },
        }),
      "a DNS-1035 label",
    ],
    [
      "a Service of a type that is not there",
      () =>
        registry().create(services, "default", {
          metadata: { name: "s" },
          spec: { type: "LoadBalancer", ports: [{ port: 1 }] },
        }),
      'supported values: "ClusterIP"',
    ],
    [
      "a Secret that is no base64",
      () =>
        registry().create(secrets, "default", {
          metadata: { name: "s" },
          data: { a: "secret!" },
        }),
      "data[a]: Forbidden: must be base64",
    ],
  ];
  for (const [name, run, message] of cases) {
    it(`refuse ${name}`, () => expect(refusal(run).message).to.contain(message));
  }

  it("never show a Secret's value in an error", () => {
    const error = refusal(() =>
      registry().create(secrets, "default", {
        metadata: { name: "s" },
        data: { a: "pass word" },
      }),
    );
    expect(JSON.stringify(error.toStatus())).not.to.contain("pass word");
  });

  it("write stringData into data", () => {
    const made = registry().create(secrets, "default", {
      metadata: { name: "s" },
      stringData: { a: "b" },
    });
    expect(made["data"]).to.deep.equal({ a: "Yg==" });
    expect(made).not.to.have.property("stringData");
    expect(made["type"]).to.equal("Opaque");
  });

  it("fix a Job's template for good", () => {
    const made = registry().create(jobs, "default", job("j"));
    const template = fieldsAt(made, "spec", "template");
    const changed = {
      ...made,
      spec: {
        ...fieldsAt(made, "spec"),
        template: { ...template, metadata: { labels: { a: "b" } } },
      },
    };
    const target = { namespace: "default", name: "j" };
    expect(refusal(() => registry().update(jobs, target, changed)).message).to.contain(
      "field is immutable",
    );
    const suspended = { ...made, spec: { ...fieldsAt(made, "spec"), suspend: true } };
    expect(registry().update(jobs, target, suspended).metadata.generation).to.equal(2);
  });

  it("give a Service its address, keep it, and hand none out twice", () => {
    const make = (name: string, spec: Fields = {}) =>
      registry().create(services, "default", {
        metadata: { name },
        spec: { ports: [{ port: 80 }], ...spec },
      });
    const a = make("a");
    const b = make("b");
    expect([at(a, "spec", "clusterIP"), at(b, "spec", "clusterIP")]).to.deep.equal([
      "127.96.0.1",
      "127.96.0.2",
    ]);
    expect(refusal(() => make("c", { clusterIP: "127.96.0.1" })).message).to.contain(
      "already allocated",
    );
    expect(refusal(() => make("c", { clusterIP: "10.0.0.1" })).message).to.contain(
      "not in the valid range",
    );
    const target = { namespace: "default", name: "a" };
    const unsaid = registry().update(services, target, {
      metadata: { name: "a" },
      spec: { ports: [{ port: 81 }] },
    });
    expect(at(unsaid, "spec", "clusterIP")).to.equal("127.96.0.1");
    const moved = { ...unsaid, spec: { ...fieldsAt(unsaid, "spec"), clusterIP: "127.96.0.9" } };
    expect(refusal(() => registry().update(services, target, moved)).message).to.contain(
      "may not change once set",
    );
    remove(registry(), services, target);
    expect(at(make("d"), "spec", "clusterIP")).to.equal("127.96.0.3");
  });
});
