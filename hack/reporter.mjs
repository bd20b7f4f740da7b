// mocha's "spec" reporter, and a last line that people and machines read alike:
// `123 passed, 0 failed, 2 skipped`. A run that does not end by itself, because a test left something open (most
// often one that failed), is ended and says so: nobody would learn of its failures else.
import mocha from "mocha";

const LEFT_OPEN_MS = 60_000;

export default class Reporter extends mocha.reporters.Spec {
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
