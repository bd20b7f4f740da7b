// The operator's life (life.ts) on the embedded Kubernetes, and what it tells of it at /metrics.
import { expect } from "chai";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { readMetrics } from "../../hack/generate/metrics.ts";
import { must } from "../../operator/assert.ts";
import { NAMESPACE, World } from "../world.ts";
import { lifeScenarios } from "./life.ts";

describe("the operator", () => {
  let world: World;
  let beganMs = 0;

  before(async () => {
    beganMs = Date.now();
    world = await World.start({ logLevel: "debug" });
    world.startOperator();
    await world.apply(world.repository());
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
  });

  after(async () => {
    await world.stop();
  });

  lifeScenarios(() => world);

  // After those: what they did is in it.
  describe("afterwards", () => {
    it("tells its work at /metrics, as the page of metrics says", async () => {
      const text = await metricsOf(world);
      const told = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name = ""]) => name);
      expect(told).to.have.members((await readMetrics()).map(({ name }) => name));
      const value = (series: string): number =>
        Number(must(text.split("\n").find((line) => line.startsWith(`${series} `))).split(" ")[1]);
      const prod = `namespace="${NAMESPACE}",repository="prod"`;
      expect(value("starrocks_backup_operator_leader")).to.equal(1);
      expect(value(`starrocks_backup_repository_ready{${prod}}`)).to.equal(1);
      const shop = `{${prod},database="shop"}`;
      const agoSeconds =
        Date.now() / 1000 - value(`starrocks_backup_last_success_timestamp_seconds${shop}`);
      expect(agoSeconds).to.be.within(-5, (Date.now() - beganMs) / 1000);
      expect(value(`starrocks_backup_last_success_bytes${shop}`)).to.be.greaterThan(600_000);
      const moved = `starrocks_backup_transferred_bytes_total{${prod},direction="upload"}`;
      expect(value(moved)).to.be.greaterThan(600_000);
      const exits = `starrocks_backup_agent_exits_total{${prod},component="seal",exit="ok"}`;
      expect(value(exits)).to.be.greaterThan(0);
      expect(value(`starrocks_backup_statements_total{${prod},result="ok"}`)).to.be.greaterThan(10);
    });
  });
});

async function metricsOf({ operatorLines }: World): Promise<string> {
  const started = must(operatorLines.findLast((line) => line.includes('"started"')));
  const { healthPort } = JSON.parse(started) as { readonly healthPort: number };
  const answer = await fetch(`http://127.0.0.1:${healthPort}/metrics`);
  expect(answer.status).to.equal(200);
  return await answer.text();
}
