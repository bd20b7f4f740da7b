// The dashboard, asked as Grafana asks, of a real Prometheus that scrapes a real operator which has done and met
// everything: each panel has an answer. And what is read from resources is right across a restart and a deletion.
import { expect } from "chai";
import { findPromtool, PROMTOOL_MISSING } from "../../hack/alerts/promtool.ts";
import { asked, readDashboard } from "../../hack/dashboard/read.ts";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";
import { startPrometheus, type Answered, type Prometheus } from "../servers/prometheus.ts";
import { resource, World } from "../world.ts";
import { isOver } from "./is-over.ts";

const ANSWER_MS = 150_000;
const POLL_MS = 500;
/** Questions about what nobody brings about here: they have no answer while all is well. */
const EMPTY_IS_WELL: readonly RegExp[] = [
  /^Attempts that failed and are repeated/,
  /^Pods that did not end well/,
  /^Refusals of StarRocks/,
  /^What is not as it should be/,
  /^Reconciles that ended in an error/,
  /^Watches that broke, Events that were dropped/,
  /_cleanups|_left_behind|_overdue/,
];
const LAST_SUCCESS = "starrocks_backup_last_success_timestamp_seconds";

const isSkipped = findPromtool() === undefined && process.env["REQUIRE_PROMTOOL"] === undefined;

describe(`the dashboard${isSkipped ? `: SKIPPED, ${PROMTOOL_MISSING}` : ""}`, () => {
  let world: World;
  let prometheus: Prometheus | undefined;

  before(async function () {
    if (isSkipped) this.skip();
    world = await World.start();
    world.startOperator();
    await world.apply(world.repository());
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
    await world.starrocks.createDatabase({
      name: "shop",
      tables: [{ name: "orders", tablets: 3, segmentBytes: [4_000_000], replicationNum: 1 }],
    });
    prometheus = await startPrometheus(`127.0.0.1:${healthPort(world)}`);
  });

  after(async () => {
    await prometheus?.stop();
    await world?.stop();
  });

  const query = async (expr: string): Promise<readonly Answered[]> =>
    await must(prometheus).query(asked(expr, "1m"));
  const apply = async (kind: "Backup" | "Restore", name: string, spec: object): Promise<void> =>
    await world.apply(resource(kind, name, { repository: "prod", ...spec }));

  /** Asks the questions that had no answer yet again until all have had one, at whatever moment; those left at the end. */
  const answerAll = async (end: { readonly atMs: number }): Promise<string[]> => {
    const open = new Map(
      readDashboard().panels.flatMap(({ title, targets = [] }) =>
        targets.map(({ expr }) => [`${title}: ${expr}`, expr] as const),
      ),
    );
    for (;;) {
      for (const [question, expr] of open) {
        if ((await query(expr)).length > 0) open.delete(question);
      }
      const left = [...open.keys()].filter(
        (one) => !EMPTY_IS_WELL.some((empty) => empty.test(one)),
      );
      if (left.length === 0 || Date.now() > end.atMs) return left;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };

  const happen = async (): Promise<void> => {
    // Some questions are about what moves: so slowly that it is met in whole seconds, which is how often it is looked at.
    await apply("Backup", "good", { database: "shop", bandwidth: "1Mi" });
    await world.until<Backup>("Backup", "good", isOver);
    await apply("Backup", "bad", { database: "nosuch", retry: { maxAttempts: 1 } });
    await apply("Backup", "again", { database: "shop", bandwidth: "1Mi" });
    await apply("Restore", "back", { source: { backup: "good" }, database: "copy" });
    const back = await world.until<Restore>("Restore", "back", isOver);
    expect(back.status?.phase).to.equal("FINISHED");
    const again = await world.until<Backup>("Backup", "again", isOver);
    expect(again.status?.phase).to.equal("FINISHED");
  };

  it("has an answer for each panel, from what happened", async () => {
    // How long jobs take is the machine's to say; what they leave is there soon after.
    const end = { atMs: Number.POSITIVE_INFINITY };
    const happened = happen().finally(() => (end.atMs = Date.now() + ANSWER_MS));
    const [left] = await Promise.all([answerAll(end), happened]);
    expect(left, "questions without an answer").to.deep.equal([]);
  });

  it("has numbers that are true in its first row", async () => {
    const first = async (title: string): Promise<number> => {
      const panel = must(readDashboard().panels.find((one) => one.title === title));
      const answers = await query(must(panel.targets?.[0]).expr);
      expect(answers, title).to.have.lengthOf(1);
      return must(answers[0]).value;
    };
    expect(await first("Alerts that fire")).to.equal(0);
    expect(await first("Oldest last success")).to.be.within(0, 600);
    expect(await first("Never backed up")).to.be.within(0, 1);
    expect(await first("Last Restore failed")).to.equal(0);
    expect(await first("Repositories not ready")).to.equal(0);
    expect(await first("Operators that lead")).to.equal(1);
  });

  it("tells the same last successes after a restart, and none of what was deleted", async () => {
    const told = await lastSuccesses(world);
    expect(told).to.have.lengthOf(1);
    await world.stopOperator();
    world.startOperator();
    await until(async () => (await lastSuccesses(world)).length > 0, "the first reading");
    expect(await lastSuccesses(world)).to.deep.equal(told);
    for (const name of ["good", "again"]) await world.delete("Backup", name);
    for (const name of ["good", "again"]) await world.untilGone("Backup", name);
    await until(async () => (await lastSuccesses(world)).length === 0, "that the series is gone");
  });
});

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + ANSWER_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${ANSWER_MS} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Lines of /metrics of the operator that started last; none while it does not answer. */
async function lastSuccesses(world: World): Promise<readonly string[]> {
  const answer = await fetch(`http://127.0.0.1:${healthPort(world)}/metrics`).catch(
    () => undefined,
  );
  const text = (await answer?.text()) ?? "";
  return text.split("\n").filter((line) => line.startsWith(`${LAST_SUCCESS}{`));
}

function healthPort({ operatorLines }: World): number {
  const started = must(operatorLines.findLast((line) => line.includes('"started"')));
  return (JSON.parse(started) as { readonly healthPort: number }).healthPort;
}
