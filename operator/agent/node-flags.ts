// How Node is started for an agent. The image's entry point, the npm script and the tests use the same.

/**
 * A young generation of 4 MiB a half instead of 16 or more: what an agent keeps lies outside of the heap (the
 * buffer pool) or is short-lived, and a seal of five million files fits into 256 MiB so.
 */
export const NODE_FLAGS: readonly string[] = ["--max-semi-space-size=4"];
