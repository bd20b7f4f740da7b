// Certificates that sign themselves, made by openssl as a test needs them: Node can read certificates and not make
// them. Each is its own authority, so whoever has it in a CA bundle trusts it.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateFor {
  /** As openssl writes a name: `IP:127.0.0.1`, `DNS:store.example`. */
  readonly name: string;
  /** Its last year; default: one that is far. */
  readonly lastYear?: number;
}

const LAST_YEAR = 2099;

/** `openssl req` alone cannot make one that is over. */
const configFor = (name: string): string => `
[ca]
default_ca = own
[own]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = ${name}
`;

/** Rejects where there is no openssl. */
export async function makeCertificate(wish: CertificateFor): Promise<Certificate> {
  const cwd = await mkdtemp(join(tmpdir(), "certificate-"));
  const openssl = (command: string) => run("openssl", command.split(" "), { cwd });
  try {
    await writeFile(join(cwd, "config"), configFor(wish.name));
    await writeFile(join(cwd, "index"), "");
    await writeFile(join(cwd, "serial"), "01");
    await openssl(
      "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test -keyout key -out request",
    );
    const dates = `-startdate 20200101000000Z -enddate ${wish.lastYear ?? LAST_YEAR}1231235959Z`;
    await openssl(
      `ca -selfsign -batch -notext -config config -keyfile key -in request -out cert ${dates}`,
    );
    const [cert, key] = await Promise.all(
      ["cert", "key"].map((name) => readFile(join(cwd, name), "utf8")),
    );
    return { cert: cert ?? "", key: key ?? "" };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}
