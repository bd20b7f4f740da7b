// What a pod may ask of a real node and not of this one. It is refused aloud: a pod that ran without what it
// asked for would prove nothing.
import type { ContainerSpec, Pod, ProbeSpec, Volume } from "../core.ts";

const VOLUMES = new Set(["name", "emptyDir", "secret", "configMap", "downwardAPI", "projected"]);

/** One phrase for each thing; empty: the node can run it. */
export function unsupportedIn({ spec }: Pod): readonly string[] {
  const init = spec.initContainers ?? [];
  return [
    ...(spec.volumes ?? []).flatMap(inVolume),
    ...init.filter((c) => c.restartPolicy === "Always").map((c) => `side-car ${c.name}`),
    ...[...init, ...spec.containers].flatMap(inContainer),
  ];
}

function inVolume(volume: Volume): string[] {
  return Object.keys(volume)
    .filter((key) => !VOLUMES.has(key))
    .map((key) => `volume ${volume.name} of kind ${key}`);
}

function inContainer(container: ContainerSpec): string[] {
  const { name, volumeMounts = [], env = [] } = container;
  const probes = [container.readinessProbe, container.livenessProbe, container.startupProbe];
  return [
    ...volumeMounts
      .filter((m) => m.subPath !== undefined || m.subPathExpr !== undefined)
      .map(() => "subPath"),
    ...env
      .filter((v) => v.valueFrom?.resourceFieldRef !== undefined)
      .map((v) => `resourceFieldRef of ${v.name}`),
    ...(container.lifecycle === undefined ? [] : ["lifecycle"]),
    ...(probes.some(asksGrpc) ? ["grpc probe"] : []),
  ].map((what) => `${what} in container ${name}`);
}

function asksGrpc(probe: ProbeSpec | undefined): boolean {
  return probe?.grpc !== undefined;
}
