// Inside a run of {@link ./hold-run.ts}: a cluster that stays until somebody ends it, or one that cannot start.
import { startCluster } from "../cluster.ts";

const apiServerFlags = process.argv.includes("--fail") ? ["--no-such-flag"] : [];
await startCluster({ apiServerFlags });
process.stdout.write("up\n");
setInterval(() => {}, 1 << 30);
