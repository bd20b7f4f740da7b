// How each test server is got: which toolchain, which version, which commands. Versions are pinned here (Hadoop's
// in pom.xml) and were measured as such: another one is another server.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServerName } from "../../e2e/servers/installed.ts";

export interface Tool {
  /** For messages: "Go". */
  readonly title: string;
  readonly atLeast: string;
  /** Prints its version. A tool that is needed only to be there matches any. */
  readonly command: readonly [program: string, ...args: string[]];
  /** Its first group is the version in what the command prints. */
  readonly version: RegExp;
}

export interface Step {
  readonly command: readonly [program: string, ...args: string[]];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Recipe<Name extends string = string> {
  readonly name: Name;
  readonly version: string;
  readonly tools: readonly Tool[];
  /** What fills the folder, which exists and is empty. */
  readonly steps: (folder: string) => readonly Step[];
  /** Where users look, relative to the servers' folder; e2e/servers/installed.ts has the same. */
  readonly link: string;
  /** What stands there, relative to the folder that was filled. */
  readonly target: string;
  /** On two cores, with nothing fetched before. */
  readonly minutes: number;
  /** Got only when it is asked for by name. */
  readonly onRequest?: boolean;
}

export const GO: Tool = {
  title: "Go",
  atLeast: "1.25",
  command: ["go", "version"],
  version: /go(\d+\.\d+)/,
};
/** With venv: some distributions pack it apart. */
const PYTHON: Tool = {
  title: "Python with venv (Debian: python3-venv)",
  atLeast: "3.10",
  command: ["python3", "-c", "import ensurepip, sys; print(sys.version)"],
  version: /^(\d+\.\d+)/,
};
const JAVA: Tool = {
  title: "a Java development kit",
  atLeast: "11",
  command: ["javac", "-version"],
  version: /javac (\d+)/,
};
const MAVEN: Tool = {
  title: "Maven",
  atLeast: "3.6",
  command: ["mvn", "--version"],
  version: /Maven (\d+\.\d+)/,
};

/** Ours, of other people's parts: versions are in its go.mod. */
const JUDGE = fileURLToPath(new URL("../gitops/judge", import.meta.url));

/** Built anew when a source changed. */
function judgeVersion(): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(JUDGE).sort()) hash.update(readFileSync(join(JUDGE, file)));
  return hash.digest("hex").slice(0, 12);
}

/** The slowest first: two are got at a time. */
export const RECIPES: readonly Recipe<ServerName>[] = [
  goProgram({
    name: "minio",
    module: "github.com/minio/minio",
    version: "v0.0.0-20260212201848-7aac2a2c5b7c",
    minutes: 12,
    onRequest: true,
  }),
  goProgram({
    name: "versitygw",
    module: "github.com/versity/versitygw/cmd/versitygw",
    version: "v1.8.0",
    minutes: 6,
  }),
  goProgram({
    name: "fake-gcs-server",
    module: "github.com/fsouza/fake-gcs-server",
    version: "v1.56.1",
    minutes: 4,
  }),
  {
    name: "gitops-judge",
    version: judgeVersion(),
    tools: [{ ...GO, atLeast: "1.26" }],
    steps: (folder) => [
      {
        command: ["go", "build", "-C", JUDGE, "-trimpath", "-o", join(folder, "gitops-judge"), "."],
      },
    ],
    link: "bin/gitops-judge",
    target: "gitops-judge",
    minutes: 4,
  },
  {
    name: "moto",
    version: "5.2.5",
    tools: [PYTHON],
    steps: (folder) => [
      { command: ["python3", "-m", "venv", folder] },
      {
        command: [
          join(folder, "bin/python"),
          "-m",
          "pip",
          "install",
          "--quiet",
          "moto[server,s3,sts,iam]==5.2.5",
        ],
      },
    ],
    link: "moto",
    target: ".",
    minutes: 4,
  },
  {
    name: "hadoop",
    version: "3.4.2",
    tools: [JAVA, MAVEN],
    steps: (folder) => [
      {
        command: [
          "mvn",
          "--quiet",
          "--batch-mode",
          "--file",
          fileURLToPath(new URL("pom.xml", import.meta.url)),
          "dependency:copy-dependencies",
          `-DoutputDirectory=${join(folder, "lib")}`,
        ],
      },
    ],
    link: "hadoop",
    target: ".",
    minutes: 2,
  },
];

interface GoProgram extends Pick<Recipe<ServerName>, "name" | "version" | "minutes" | "onRequest"> {
  readonly module: string;
}

function goProgram({ module, ...recipe }: GoProgram): Recipe<ServerName> {
  return {
    ...recipe,
    tools: [GO],
    steps: (folder) => [
      {
        command: ["go", "install", `${module}@${recipe.version}`],
        environment: { GOBIN: folder },
      },
    ],
    link: `bin/${recipe.name}`,
    target: recipe.name,
  };
}
