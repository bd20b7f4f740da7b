// mocha's "spec" reporter, and a last line that people and machines read alike:
// `123 passed, 0 failed, 2 skipped`. A run that does not end by itself, because a test left something open (most
// often one that failed), is ended and says so: nobody would learn of its failures else.
// FAILED_FILES names a file that gets a line for each failure: the test's file, or `-` for what has none.
import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import mocha from "mocha";

const LEFT_OPEN_MS = 60_000;

export default class Reporter extends mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { FAILED_FILES } = process.env;
    if (FAILED_FILES === undefined) return;
    runner.on(mocha.Runner.constants.EVENT_TEST_FAIL, ({ file }) => {
      appendFileSync(FAILED_FILES, `${file === undefined ? "-" : relative("", file)}\n`);
    });
  }

  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    const skipped = pending > 0 ? `, ${pending} skipped` : "";
    const summary = `${passes} passed, ${failures} failed${skipped}`;
    console.log(summary);
    const end = () => {
      const open = process.getActiveResourcesInfo().join(", ");
      console.error(
        `the tests are over, and something that one of them left open goes on: ${open}`,
      );
      console.log(summary);
      process.exit(failures);
    };
    setTimeout(end, LEFT_OPEN_MS).unref();
  }
}
