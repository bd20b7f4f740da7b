// Shared libraries from Debian's packages, for any processor: apt with lists and sources of its own, so that the
// machine's Debian may be another one, and nothing of it changes. Nothing is installed, no script of a package runs.
import { spawn } from "node:child_process";
import { access, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command.ts";
import { DEBIAN, isWantedOfDebian, PLATFORMS, type Architecture } from "./contents.ts";
import { debianMaterials, type Materials } from "./sbom.ts";
import { unpack, writeEntry } from "./unpack.ts";

/** Suites of Debian's archive and of its security archive, as any release of it has them in its sources. */
const ARCHIVE = /^(?:stable|testing|bookworm|trixie|forky)$/;
const SECURITY = /^(?:stable|testing|bookworm|trixie|forky)-security$/;

/** Into `folder`, which becomes the image's root. `work` is for apt. */
export async function addDebian(
  folder: string,
  architecture: Architecture,
  work: string,
): Promise<Materials> {
  const options = await aptOptions(architecture, work);
  await run("apt-get", [...options, "--quiet=2", "update"], work);
  await run("apt-get", [...options, "--quiet=2", "download", ...DEBIAN.packages], work);
  const { triplet } = PLATFORMS[architecture];
  const controls: string[] = [];
  for (const file of (await readdir(work)).filter((name) => name.endsWith(".deb")).sort()) {
    await unpackPackage(join(work, file), folder, triplet);
    const control = await run("dpkg-deb", ["--field", file], work);
    // Where scanners look for the packages of an image without a package manager.
    const name = /^Package: (\S+)$/m.exec(control)?.[1] ?? file;
    await writeEntry(join(folder, "var/lib/dpkg/status.d", name), control);
    controls.push(control);
  }
  return debianMaterials(controls);
}

async function unpackPackage(file: string, folder: string, triplet: string): Promise<void> {
  const child = spawn("dpkg-deb", ["--fsys-tarfile", file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`dpkg-deb --fsys-tarfile ${file} ended with ${code}`));
    });
  });
  const place = (path: string) => (isWantedOfDebian(path, triplet) ? path : undefined);
  await Promise.all([unpack(child.stdout, folder, place), ended]);
}

async function aptOptions(architecture: Architecture, work: string): Promise<readonly string[]> {
  await access(DEBIAN.keyring).catch(() => {
    throw new Error(`needs Debian's keys, ${DEBIAN.keyring}: apt install debian-archive-keyring`);
  });
  for (const name of ["lists/partial", "archives/partial"]) {
    await mkdir(join(work, name), { recursive: true });
  }
  const stanzas = (await sources(work)).map(
    ([uri, suites]) =>
      `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\nSigned-By: ${DEBIAN.keyring}\n`,
  );
  await writeFile(join(work, "debian.sources"), stanzas.join("\n"));
  await writeFile(join(work, "status"), "");
  return [
    `Dir::State=${work}`,
    `Dir::State::status=${join(work, "status")}`,
    `Dir::Cache=${work}`,
    `Dir::Etc::sourcelist=${join(work, "debian.sources")}`,
    "Dir::Etc::sourceparts=/dev/null",
    `APT::Architecture=${architecture}`,
    `APT::Architectures::=${architecture}`,
    "APT::Sandbox::User=",
    // Descriptions and icons are of no use here.
    "Acquire::Languages=none",
  ].flatMap((option) => ["-o", option]);
}

/** The mirrors that this machine's own apt asks, with the suites of our release. */
async function sources(work: string): Promise<readonly (readonly [uri: string, suites: string])[]> {
  const { release } = DEBIAN;
  // Says it without lists, which an image of Debian does not have.
  const mirrors = mirrorsOf(await run("apt-get", ["update", "--print-uris"], work));
  return [
    [mirrors.archive, `${release} ${release}-updates`],
    [mirrors.security, `${release}-security`],
  ];
}

/** Of what `apt-get update` would ask for. Throws where that is not Debian's archive, or not its security archive. */
export function mirrorsOf(uris: string): { readonly archive: string; readonly security: string } {
  // Others name their suites after Debian's, and have no `main`.
  const rows = [...uris.matchAll(/^'(.+?)\/?\/dists\/([^/]+)\/main\//gm)];
  const mirror = (suite: RegExp): string => {
    const found = rows.find(([, , name = ""]) => suite.test(name))?.[1];
    if (found !== undefined) return found;
    throw new Error(`apt names no mirror of Debian with a suite ${suite.source}: look at /etc/apt`);
  };
  return { archive: mirror(ARCHIVE), security: mirror(SECURITY) };
}
