// Where the programs of the tests' Kubernetes are on this machine: in the folder that `npm run kubernetes` fills, or
// where Debian puts them. Nothing here installs one: a test whose program is missing is skipped by name, and fails
// instead where all must be there (REQUIRE_KUBERNETES=1, as in CI).
import { existsSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram, isExecutable } from "../executables.ts";

/** Built or fetched by `npm run kubernetes`. `kube` is every program of Kubernetes and etcd, by its first argument. */
export const PROGRAMS = ["kube", "coredns", "pause", "helm"] as const;
export type Program = (typeof PROGRAMS)[number];

/** A folder beside them: the Prometheus operator's CRDs of what the chart has for it. */
export const MONITORING_CRDS = "monitoring-crds";

/** What the cluster and its installation run on, each with the package of Debian that brings it. */
export const DEBIAN_PROGRAMS: Readonly<Record<string, string>> = {
  containerd: "containerd",
  ctr: "containerd",
  runc: "runc",
  nft: "nftables",
  iptables: "iptables",
  ip: "iproute2",
  unshare: "util-linux",
  nsenter: "util-linux",
  setpriv: "util-linux",
  flock: "util-linux",
  openssl: "openssl",
  unzip: "unzip",
};

/** The plugins of containernetworking-plugins are no programs for people, hence not on PATH. */
export const CNI_FOLDER = "/usr/lib/cni";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Absolute: KUBERNETES_DIR, or `.cache/kubernetes` of this clone. Need not exist. */
export function kubernetesFolder(): string {
  return resolve(process.env["KUBERNETES_DIR"] || join(ROOT, ".cache/kubernetes"));
}

/** Need not exist. */
export function pathOf(program: Program): string {
  return join(kubernetesFolder(), "bin", program);
}

/** Those of `npm run kubernetes` that are not there. */
export function missingPrograms(): readonly Program[] {
  return PROGRAMS.filter((program) => !isExecutable(pathOf(program)));
}

/** The folder itself, which must be there: kubectl takes a link to one for a file. */
export function monitoringCrds(): string {
  return realpathSync(join(kubernetesFolder(), MONITORING_CRDS));
}

export function areMonitoringCrdsThere(): boolean {
  return existsSync(join(kubernetesFolder(), MONITORING_CRDS));
}

/** Debian's packages whose programs are not there. */
export function missingPackages(): readonly string[] {
  const names = Object.entries(DEBIAN_PROGRAMS)
    .filter(([program]) => findProgram(program) === undefined)
    .map(([, name]) => name);
  if (!isExecutable(join(CNI_FOLDER, "ptp"))) names.push("containernetworking-plugins");
  return [...new Set(names)];
}
