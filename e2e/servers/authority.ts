// An authority that signs certificates, for one test run, by the openssl of this machine: as a company's
// own signs those of its stores.
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describeUnless } from "../describe-unless.ts";

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** Its own certificate, for those who are to trust it. PEM. */
  readonly bundle: string;
  /** One for these names, such as `DNS:s3.example` and `IP:127.0.0.1`. Negative days: it is over. */
  issue(names: readonly string[], days?: number): Promise<Certificate>;
  /** Removes its files. */
  close(): Promise<void>;
}

/** Whether tests that need openssl are to run: where it is missing they are skipped by name, or fail with REQUIRE_SERVERS=1. */
export function hasOpenssl(): boolean {
  return spawnSync("openssl", ["version"]).status === 0 || process.env["REQUIRE_SERVERS"] === "1";
}

export function describeWithOpenssl(title: string, tests: () => void): void {
  describeUnless(
    hasOpenssl() ? undefined : "not installed: openssl",
    "REQUIRE_SERVERS",
    title,
    tests,
  );
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export async function makeAuthority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), "certificates-"));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: readonly string[]) => promisify(execFile)("openssl", args);
  const own = ["-keyout", at("ca.key"), "-out", at("ca.pem"), "-days", "2", "-subj", "/CN=test"];
  await openssl("req", "-x509", ...KEY, ...own);
  let issued = 0;
  const issue = async (names: readonly string[], days = 2): Promise<Certificate> => {
    issued += 1;
    const [key, request, extensions, cert] = ["key", "csr", "ext", "pem"].map((kind) =>
      at(`${issued}.${kind}`),
    ) as [string, string, string, string];
    await writeFile(extensions, `subjectAltName=${names.join(",")}`);
    await openssl("req", ...KEY, "-keyout", key, "-out", request, "-subj", "/CN=store");
    const by = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial"];
    const what = ["-in", request, "-out", cert, "-days", String(days), "-extfile", extensions];
    await openssl("x509", "-req", ...by, ...what);
    return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
  };
  return {
    bundle: await readFile(at("ca.pem"), "utf8"),
    issue,
    close: () => rm(folder, { recursive: true }),
  };
}

/** One for a name, and the bundle of whoever trusts it, with an authority of its own. */
export async function makeCertificate(
  name: string,
  days?: number,
): Promise<Certificate & { readonly bundle: string }> {
  const authority = await makeAuthority();
  try {
    return { ...(await authority.issue([name], days)), bundle: authority.bundle };
  } finally {
    await authority.close();
  }
}
