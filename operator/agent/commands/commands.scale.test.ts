import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { NODE_FLAGS } from "../node-flags.ts";
import type { Outcome } from "../outcome.ts";

const TABLETS = 1_000_000;
const FILES = TABLETS * 5 + 2;
const RSS_MIB_MAX = 256;

interface Report {
  readonly outcome: Outcome;
  readonly infoBytes: number;
  readonly seconds: number;
  readonly rssMiB: number;
}

const child = join(import.meta.dirname, "testing", "scale-child.ts");
const execute = promisify(execFile);

/** Runs one command in a process of its own. */
async function measure(command: string, lists: boolean, folder: string): Promise<Report> {
  const args = [child, command, String(TABLETS), lists ? "lists" : "bare", folder];
  const { stdout } = await execute(process.execPath, [...NODE_FLAGS, ...args]);
  return JSON.parse(stdout) as Report;
}

describe(`commands over a snapshot of ${FILES} files`, () => {
  for (const lists of [false, true]) {
    const what = lists ? "with file lists in __info (≤ 3.3)" : "with empty lists in __info";
    it(`seal and verify it in ${RSS_MIB_MAX} MiB, ${what}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "synthetic-snapshot-"));
      try {
        for (const command of ["seal", "verify"]) {
          const report = await measure(command, lists, folder);
          const { infoBytes, seconds, rssMiB, outcome } = report;
          const infoMB = Math.round(infoBytes / 1e6);
          process.stdout.write(
            `      ${command}: ${rssMiB} MiB, ${seconds} s, __info ${infoMB} MB\n`,
          );
          expect(outcome.exitCode, outcome.message).to.equal(0);
          expect(outcome.detail).to.deep.include({ files: FILES, tablets: TABLETS });
          expect(rssMiB).to.be.at.most(RSS_MIB_MAX);
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
