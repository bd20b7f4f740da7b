// Where programs are on this machine. Nothing here installs or runs one.
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** On PATH, or in `more` folders; undefined: in none of them. */
export function findProgram(name: string, more: readonly string[] = []): string | undefined {
  return [...(process.env["PATH"] ?? "").split(delimiter), ...more]
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Where `go install` puts programs. */
export function goFolder(): string {
  const gopath = process.env["GOPATH"] || join(homedir(), "go");
  return process.env["GOBIN"] || join(gopath.split(delimiter)[0] ?? gopath, "bin");
}
