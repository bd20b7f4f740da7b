// mocha's "spec" reporter, and a last line that people and machines read alike:
// `123 passed, 0 failed, 2 skipped`.
import mocha from "mocha";

export default class Reporter extends mocha.reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    const skipped = pending > 0 ? `, ${pending} skipped` : "";
    console.log(`${passes} passed, ${failures} failed${skipped}`);
  }
}
