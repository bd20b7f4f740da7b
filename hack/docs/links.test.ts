// Every link between our pages leads somewhere: to a file, and to a heading in it.
import { expect } from "chai";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const FOLDERS = ["docs", "crds", "charts", "images", "changelog", "e2e/kubernetes"];
const pages = ["README.md", ...FOLDERS.flatMap(pagesBelow)];

function pagesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

function read(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** Samples and commands are no links. */
function linksOf(page: string): readonly string[] {
  const prose = read(page).replaceAll(/^```[\s\S]*?^```|`[^`\n]*`/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

/** As GitHub makes them. */
function anchorsOf(page: string): readonly string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function isBroken(page: string, link: string): boolean {
  if (/^https?:/.test(link)) return false;
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return true;
  return anchor !== undefined && !anchorsOf(target).includes(anchor);
}

describe("links", () => {
  for (const page of pages) {
    it(`of ${page} lead somewhere`, () => {
      expect(linksOf(page).filter((link) => isBroken(page, link))).to.deep.equal([]);
    });
  }
});
