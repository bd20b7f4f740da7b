// The tables of a job's life as wholes: each phase can be reached and left, and what a plan does is what they allow.
import { expect } from "chai";
import { BACKUP_PHASES } from "../backup/phases.ts";
import { RESTORE_PHASES } from "../restore/phases.ts";
import { FINAL_PHASES, isFinal } from "./status.ts";
import type { JobPhase } from "./status.ts";
import type { PhaseTable } from "./plan.ts";
import { plan } from "./plan.ts";
import { must } from "../../assert.ts";
import { restore } from "../testing/samples.ts";
import { done, ending, mounted, row, seen, seenRestore, submitted } from "../testing/seen.ts";
import type { Delta } from "../testing/seen.ts";

const TABLES: readonly (readonly [kind: string, PhaseTable<JobPhase>])[] = [
  ["Backup", BACKUP_PHASES as unknown as PhaseTable<JobPhase>],
  ["Restore", RESTORE_PHASES as unknown as PhaseTable<JobPhase>],
];

for (const [kind, table] of TABLES) {
  const phases = Object.keys(table) as JobPhase[];
  const nextOf = (phase: JobPhase): readonly JobPhase[] => must(table[phase]).next;

  describe(`the phases of a ${kind}`, () => {
    it("are all reached from PENDING", () => {
      const reached = new Set<JobPhase>(["PENDING"]);
      for (const phase of reached) for (const next of nextOf(phase)) reached.add(next);
      expect([...reached].sort()).to.deep.equal([...phases].sort());
    });

    it("end in FINISHED, FAILED and CANCELLED, which nothing leaves", () => {
      const ends = phases.filter((phase) => nextOf(phase).length === 0);
      expect(ends.sort()).to.deep.equal([...FINAL_PHASES].sort());
      for (const phase of ends) {
        expect(must(table[phase]).steps, phase).to.deep.equal({});
        expect(must(table[phase]).limit, phase).to.equal(undefined);
      }
    });

    it("each have a limit, and a way to FAILED and CANCELLED, until they end", () => {
      for (const phase of phases.filter((phase) => !isFinal(phase))) {
        expect(nextOf(phase), phase).to.include.members(["FAILED", "CANCELLED"]);
        expect(must(table[phase]).limit, phase).to.be.a("string").that.matches(/\S/);
        expect(Object.keys(must(table[phase]).steps), phase).to.not.deep.equal([]);
      }
    });

    it("lead to others only as their table says, whatever StarRocks says and whatever was decided", () => {
      const verb = kind === "Backup" ? "backup" : "restore";
      const states =
        kind === "Backup"
          ? ["PENDING", "SNAPSHOTING", "UPLOAD_SNAPSHOT", "UPLOADING", "SAVE_META", "UPLOAD_INFO"]
          : ["PENDING", "SNAPSHOTING", "DOWNLOAD", "DOWNLOADING", "COMMIT", "COMMITTING"];
      const live = phases.filter((phase) => !isFinal(phase));
      const job = kind === "Backup" ? {} : { job: restore() };
      const deltas = live.flatMap((phase): readonly Delta[] => [
        mounted({ ...job, status: { phase } }),
        done({ ...job, status: { phase } }),
        ...[...states, "FINISHED", "CANCELLED", "SOMETHING_NEW"].map((state) =>
          submitted({
            ...job,
            status: { phase },
            frontend: { jobs: [row({ kind: verb, state })] },
          }),
        ),
        ...(["RETRY", "FAILED", "CANCELLED"] as const).map((outcome) =>
          ending(outcome, {
            ...job,
            agents: [],
            slots: [],
            status: { phase, submission: undefined },
          }),
        ),
      ]);
      for (const delta of deltas) {
        const world = kind === "Backup" ? seen(delta) : seenRestore(delta);
        const from = must(world.status.phase);
        const { phase, step } = { ...plan(world).verdict, step: plan(world).step };
        if (phase === undefined || phase === from) continue;
        expect(nextOf(from), `${from} → ${phase} by ${step}`).to.include(phase);
      }
    });
  });
}
