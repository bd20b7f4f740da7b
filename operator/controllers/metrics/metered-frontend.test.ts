import { expect } from "chai";
import { Registry } from "prom-client";
import { FrontendError } from "../../starrocks/frontend.ts";
import { FakeFrontend } from "../../starrocks/testing/fake-frontend.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { OperatorMetrics } from "../metrics.ts";
import { seriesOf } from "../testing/metrics.ts";
import { meteredFrontend } from "./metered-frontend.ts";

const LABELS = { namespace: "ops", repository: "prod" };

describe("meteredFrontend", () => {
  it("counts answers and refusals, and hands both on", async () => {
    const registry = new Registry();
    const metrics = new OperatorMetrics(registry);
    const fake = new FakeFrontend({ databases: { shop: [] } });
    const frontend = meteredFrontend(fake, { clock: new ManualClock(), metrics, labels: LABELS });
    expect(await frontend.databases()).to.deep.equal(["shop"]);
    fake.fail("brokers", {
      when: "before",
      error: new FrontendError("AccessDenied", false, "no"),
    });
    let rejected: unknown;
    await frontend.brokers().catch((error: unknown) => (rejected = error));
    expect(rejected).to.be.instanceOf(FrontendError);
    expect(await seriesOf(registry, "starrocks_backup_statements_total")).to.deep.equal([
      "{namespace=ops,repository=prod,result=ok} 1",
      "{namespace=ops,repository=prod,result=AccessDenied} 1",
    ]);
    const timed = await seriesOf(registry, "starrocks_backup_statement_seconds");
    expect(timed.filter((one) => one.includes("le=150"))).to.deep.equal([
      "{le=150,verb=databases} 1",
      "{le=150,verb=brokers} 1",
    ]);
  });
});
