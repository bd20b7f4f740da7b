// Every component dies, hangs, is cut off and restarts, at every point of a Backup's and a Restore's life. Each job
// ends as the table says and in time, what it stored is restored and compared, nothing is left behind, and no
// secret is told. Which rows: faults/pick.ts; `FAULTS="BE kill Restore"` plays some by their titles.
import { pick } from "./faults/pick.ts";
import { titleOf, type Row } from "./faults/table.ts";
import { Theatre } from "./faults/theatre.ts";

const { rows, seed } = pick(process.env);

/** Runs that take minutes are watched. */
function tell(line: string): void {
  if (process.env["FAULTS"] !== undefined) process.stderr.write(`${line}\n`);
}

describe(`components in trouble (FAULTS_SEED=${seed})`, function () {
  // The sum of what a row and the last proofs may wait for.
  this.timeout(900_000);
  const threeFrontends = (row: Row): boolean => row.component === "FE leader";
  for (const frontends of [1, 3]) {
    const mine = rows.filter((row) => threeFrontends(row) === (frontends === 3));
    if (mine.length === 0) continue;
    describe(`with ${frontends} FE`, () => {
      let theatre: Theatre | undefined;

      after(async () => {
        const last = theatre;
        theatre = undefined;
        if (last === undefined) return;
        try {
          await last.proveTheRest();
          await last.expectNoSecrets();
        } finally {
          await last.close();
        }
      });

      for (const row of mine) {
        it(titleOf(row), async () => {
          theatre ??= await Theatre.open(frontends);
          const now = theatre;
          try {
            const { attempts, ms } = await now.play(row);
            tell(`${(ms / 1000).toFixed(1)} s, attempt ${attempts}: ${titleOf(row)}`);
          } catch (error) {
            // The next row begins in a world that this one has not touched.
            theatre = undefined;
            tell(`FAILED ${titleOf(row)}: ${String(error).slice(0, 3_000)}`);
            await now.close();
            throw error;
          }
        });
      }
    });
  }
});
