// Tests that need what a machine may not have: skipped by name there, and failing where everything must be there, as in CI.

/** Which environment variable says that everything must be there. */
const DEMANDED = {
  REQUIRE_SERVERS: process.env["REQUIRE_SERVERS"] === "1",
  REQUIRE_KUBERNETES: process.env["REQUIRE_KUBERNETES"] === "1",
} as const;

/**
 * Mocha's `describe`, unless there is a reason why its tests cannot run: then one pending test tells it, or fails where
 * the environment's `demand` is 1.
 */
export function describeUnless(
  why: string | undefined,
  demand: keyof typeof DEMANDED,
  title: string,
  tests: () => void,
): void {
  if (why === undefined) {
    describe(title, tests);
    return;
  }
  describe(`${title}: SKIPPED, ${why}`, () => {
    if (!DEMANDED[demand]) it("runs");
    else {
      it("runs", () => {
        throw new Error(`${demand}=1, and it cannot run: ${why}`);
      });
    }
  });
}
