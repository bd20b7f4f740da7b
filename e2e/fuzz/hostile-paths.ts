// Paths that mean, or could be taken to mean, something other than a file of the one snapshot that is served.
import type { SeededRandom } from "../../operator/broker/testing/seeded-random.ts";
import { CANARY, md5, MOUNT, OWN, REPOSITORY } from "./target.ts";

const TABLET = "__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__5";
const SUM = md5("x");

/** Ways up and out, plain and in disguise. */
const UP = [
  "..",
  ".",
  "%2e%2e",
  "%2E%2e",
  ".%2e",
  "..%2f",
  "..%5c",
  "..\\",
  "..;",
  ".. ",
  "..\u0000",
  "\u2024\u2024",

  "\uff0e\uff0e",
  "..\n",
  "...",
  "..\u202e",
  "%252e%252e",
  "%c0%ae%c0%ae",
  "{..,x}",
  "[.][.]",
  "?.",
  "*",
];
const SLASHES = [
  "/",
  "//",
  "///",
  "\\",
  "%2f",
  "%5C",
  "\u2215",
  "\uff0f",
  "/./",
  "\u0000",
  "\n/",
  "/\t",
];
/** What lies there and is none of the agent's business, below the repository. */
const VICTIMS = [
  `__ss_other/${TABLET}/${CANARY}.dat.${SUM}`,
  `__ss_other/__meta.${SUM}`,
  `__ss_own2/__meta.${SUM}`,
  `__ss_other/${TABLET}/x.part`,
  "__ss_other/__meta.part",
  "__ss_other",
  "__k8s_staging/own-1/note.json",
  "__k8s_staging/own-1/data/x.part",
  "__k8s_staging/own-1/intents/x.json",
  `__k8s_staging/${CANARY}-1/note.json`,
];
const FIXED = [
  "",
  "/",
  "*",
  ".",
  "..",
  "//",
  MOUNT,
  `${MOUNT}/`,
  `${MOUNT}/*`,
  REPOSITORY,
  `${REPOSITORY}/*`,

  "/etc/passwd",
  "file:///etc/passwd",
  "http://127.0.0.1:1/x",
  `s3://backups/prod/${CANARY}`,
  "s3://backups/__meta",

  `s3://backups/prod/__starrocks_repository_prod/__ss_own/x.part`,
  `${MOUNT}2/__starrocks_repository_k8s_1a2b3c4d_0/x`,

  `${MOUNT}/__starrocks_repository_prod/__ss_own/x.part`,
  `${MOUNT}/__starrocks_repository_foreign/__ss_own/x.part`,

  `${MOUNT}/__starrocks_repository_/__ss_own/x`,
  `${MOUNT}/${CANARY}`,
  "BACKUP://MOUNT/x.part",
  "backup:///mount/x.part",

  `${REPOSITORY}/x.part`,
  `${REPOSITORY}/__repo_info.part`,
  `${REPOSITORY}/__repo_info/x.part`,
  `${REPOSITORY}/__ss_`,

  `${REPOSITORY}/__ss_/x.part`,
  `${REPOSITORY}/__ss_ow/x.part`,
  `${REPOSITORY}/__ss_OWN/x.part`,
  `${REPOSITORY}/__ss_own /x.part`,

  `${REPOSITORY}/__ss_own\n/x.part`,
  `${REPOSITORY}/__ss_own\u0000/x.part`,
  `${REPOSITORY}/__ss_o\u200bwn/x.part`,

  `${REPOSITORY}/__ss_other/__ss_content/\n*`,
  `${REPOSITORY}/__ss_other/a\n/../*`,
  `${REPOSITORY}/__ss_other/*`,

  `${OWN}/__k8s_manifest.json`,
  `${OWN}/__k8s_x/y.part`,
  `${OWN}/a/__k8s_manifest.json`,
  OWN,
  `${OWN}/`,
  `${OWN}/.part`,

  `${OWN}/x\n.part`,
  `${OWN}/x\u202egnp.part`,
  `${OWN}/e\u0301.part`,
  `${OWN}/\u00e9.part`,
  `${OWN}/🦀.part`,

  `${OWN}/x\u0001.part`,
  `${OWN}/x?y=z.part`,
  `${OWN}/x#y.part`,
  `${OWN}/ .part`,
  `${OWN}/%00.part`,
  `${OWN}/a*b.part`,

  `${OWN}/${"a/".repeat(3000)}x.part`,
  `${OWN}/${"n".repeat(5000)}.part`,
  `${OWN}/${"../".repeat(2000)}x.part`,
];

export function hostilePath(random: SeededRandom): string {
  if (random.below(2) === 0) return random.pick(FIXED);
  const slash = random.pick(SLASHES);
  const ups = Array.from({ length: 1 + random.below(4) }, () => random.pick(UP)).join(slash);
  const start = random.pick([OWN, `${OWN}/${TABLET}`, REPOSITORY, MOUNT]);
  return `${start}${random.pick(["/", slash])}${ups}${random.pick(["/", slash])}${random.pick(VICTIMS)}`;
}

/** Whether a call that changes something may have been answered OK for it: plainly in the snapshot, and not ours. */
export function isOwnFile(path: string): boolean {
  const plain = path.replaceAll(/\/{2,}/g, "/").replace(/\/$/, "");
  const own = OWN.replace("//", "/");
  if (!plain.startsWith(`${own}/`)) return false;
  const segments = plain.slice(own.length + 1).split("/");
  return segments.every((s) => /^[!-~]+$/.test(s) && !/^\.{1,2}$|[%\\*?]|^__k8s_/.test(s));
}
