// The certificates of one cluster, made by openssl: Node can read certificates and not make them. One authority signs all.
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";

const run = promisify(execFile);

const DAYS = "30";
const CONFIG = "[req]\ndistinguished_name = subject\n[subject]\n";

export interface Subject {
  readonly name: string;
  /** Kubernetes takes it for the user's group. */
  readonly group?: string;
}

/** Files `<name>.crt` and `<name>.key` (PEM) in one folder. */
export class Pki {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** With the authority `ca`, and `service-accounts.key` and `.pub`, which tokens are signed with. */
  static async make(folder: string): Promise<Pki> {
    const pki = new Pki(folder);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "config"), CONFIG);
    await pki.#request("ca", { name: "cluster" }, ["-addext", "basicConstraints=critical,CA:TRUE"]);
    const pair = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs1", format: "pem" },
    });
    await writeFile(join(folder, "service-accounts.key"), pair.privateKey);
    await writeFile(join(folder, "service-accounts.pub"), pair.publicKey);
    return pki;
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  read(file: string): string {
    return readFileSync(this.path(file), "utf8");
  }

  /** `names` as openssl writes them: `IP:127.0.0.1`, `DNS:kubernetes`. */
  async server(file: string, names: readonly string[]): Promise<void> {
    const extensions = [
      "-addext",
      `subjectAltName=${names.join(",")}`,
      "-addext",
      "extendedKeyUsage=serverAuth",
    ];
    await this.#signed(file, { name: file }, extensions);
  }

  async client(file: string, subject: Subject): Promise<void> {
    await this.#signed(file, subject, ["-addext", "extendedKeyUsage=clientAuth"]);
  }

  /** A kubeconfig of that client, with its key in it. Resolves with its path. */
  async kubeconfig(file: string, server: string): Promise<string> {
    const encode = (name: string) => Buffer.from(this.read(name)).toString("base64");
    const path = this.path(`${file}.kubeconfig`);
    const content = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        { name: "tests", cluster: { server, "certificate-authority-data": encode("ca.crt") } },
      ],
      users: [
        {
          name: file,
          user: {
            "client-certificate-data": encode(`${file}.crt`),
            "client-key-data": encode(`${file}.key`),
          },
        },
      ],
      contexts: [{ name: "tests", context: { cluster: "tests", user: file } }],
      "current-context": "tests",
    };
    await writeFile(path, stringify(content), { mode: 0o600 });
    return path;
  }

  async #signed(file: string, subject: Subject, extensions: readonly string[]): Promise<void> {
    const authority = ["-CA", "ca.crt", "-CAkey", "ca.key"];
    const leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
    await this.#request(file, subject, [...authority, ...leaf, ...extensions]);
  }

  async #request(file: string, { name, group }: Subject, more: readonly string[]): Promise<void> {
    const subject = `${group === undefined ? "" : `/O=${group}`}/CN=${name}`;
    const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes".split(" ");
    const files = ["-keyout", `${file}.key`, "-out", `${file}.crt`];
    const args = ["req", "-x509", "-config", "config", "-days", DAYS, "-subj", subject];
    await run("openssl", [...args, ...key, ...files, ...more], { cwd: this.folder });
  }
}
