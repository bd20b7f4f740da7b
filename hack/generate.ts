// Makes what is made from other files: types, schemas, reference pages. `npm run generate` writes it,
// `--check` only says what would change (exit 1). The same input gives the same bytes, anywhere.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateAll } from "./generate/outputs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const check = process.argv.includes("--check");
const stale = Object.entries(await generateAll(root)).filter(
  ([path, text]) =>
    !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== text,
);

for (const [path, text] of stale) {
  console.log(`${check ? "would change" : "wrote"} ${path}`);
  if (check) continue;
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
if (check && stale.length > 0) {
  console.error("generated files are not up to date: run `npm run generate` and commit the result");
  process.exitCode = 1;
}
