// A lock between processes that the kernel gives back when its holder is gone, however it went: Node has none of its own, so
// util-linux's flock holds it, for as long as its input is open.
import { spawn } from "node:child_process";
import { once } from "node:events";

const SAY_AFTER_MS = 1000;

/** Rejects where there is no flock. */
export async function withLock<T>(
  file: string,
  tell: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const holder = spawn("flock", [file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const note = setTimeout(() => tell(`another run holds ${file}: waiting for it`), SAY_AFTER_MS);
  try {
    const refused = once(holder, "exit").then(() => false);
    if (!(await Promise.race([once(holder.stdout, "data").then(() => true), refused]))) {
      throw new Error(`flock cannot lock ${file}`);
    }
    clearTimeout(note);
    return await work();
  } finally {
    clearTimeout(note);
    holder.stdin.end();
  }
}
