// The tests that pages name as what holds a claim.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const INFIX = /(\.(contract|servers|long|cluster))?\.(test|e2e)\.ts$/;

/** The texts of tests, by the name that pages have for them: `s3-requests` of s3-requests.servers.test.ts. */
export function testsByName(root: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const folder of ["operator", "e2e", "hack"]) {
    for (const path of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      if (!INFIX.test(path)) continue;
      const name = basename(path).replace(INFIX, "");
      const text = readFileSync(join(root, folder, path), "utf8");
      texts.set(name, `${texts.get(name) ?? ""}${text}`);
    }
  }
  return texts;
}
