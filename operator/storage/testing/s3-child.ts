// One put through a storage in a process of its own, for tests of what the environment says. Argument: a
// location and settings as JSON. Prints what came of it, as JSON.
import { systemClock, systemRandom } from "../../clock.ts";
import { silentLog } from "../../log.ts";
import { isStorageError } from "../errors.ts";
import { openStorage } from "../open.ts";
import type { S3Settings } from "../s3-settings.ts";

const { location, s3 } = JSON.parse(process.argv[2] ?? "") as {
  readonly location: string;
  readonly s3: S3Settings;
};
const deps = { clock: systemClock, random: systemRandom, log: silentLog };
const storage = openStorage({ location, s3, retry: { tries: 1 } }, deps);
try {
  await storage.put("from-child", Buffer.from("x"));
  process.stdout.write(JSON.stringify({ done: true }));
} catch (error) {
  const { kind, detail, message } = isStorageError(error)
    ? error
    : { kind: "none", detail: { reason: "none" }, message: String(error) };
  process.stdout.write(JSON.stringify({ kind, reason: detail.reason, message }));
}
process.exit();
