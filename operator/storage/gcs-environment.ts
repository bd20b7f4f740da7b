// Credentials that the pod's environment names, as everywhere with Google: GOOGLE_APPLICATION_CREDENTIALS is a path.
import { readFile } from "node:fs/promises";
import { Secret } from "../secret.ts";
import { StorageError } from "./errors.ts";

const VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";

/** Reads the file anew each time; undefined where the environment names none. */
export function readIdentityOfEnvironment(): (() => Promise<Secret>) | undefined {
  const path = process.env[VARIABLE];
  if (path === undefined || path === "") return undefined;
  return async () => {
    try {
      return new Secret(await readFile(path, "utf8"));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "unknown";
      throw new StorageError(
        "wrongCredentials",
        `${path}, which ${VARIABLE} names, cannot be read (${code})`,
        { operation: "credentials", key: "", code, reason: "NoCredentials" },
      );
    }
  };
}
