// What the restricted Pod Security Standard demands of a pod, as far as a chart can break it. The real admission has the last
// word in the tests on a real cluster.
import type { PodSpec } from "../../operator/runtime/objects.ts";

/** Paths of what is not allowed; empty: the pod is admitted. */
export function restrictedViolations(pod: PodSpec): readonly string[] {
  const { securityContext: ofPod, hostNetwork, hostPID, hostIPC } = pod as LoosePod;
  const volumes = (pod.volumes ?? []).filter((volume) => "hostPath" in volume);
  return [
    ...violations("pod", {
      runAsNonRoot: ofPod?.["runAsNonRoot"] === true && ofPod["runAsUser"] !== 0,
      seccompProfile: isSeccomp(ofPod?.["seccompProfile"]),
      hostNamespaces: hostNetwork !== true && hostPID !== true && hostIPC !== true,
      volumes: volumes.length === 0,
    }),
    ...pod.containers.flatMap(({ name, securityContext }) => {
      const of: Loose = { ...securityContext };
      return violations(name, {
        allowPrivilegeEscalation: of["allowPrivilegeEscalation"] === false,
        privileged: of["privileged"] !== true,
        capabilities: JSON.stringify(of["capabilities"]) === '{"drop":["ALL"]}',
      });
    }),
  ];
}

type Loose = Readonly<Record<string, unknown>>;
type LoosePod = Omit<PodSpec, "securityContext"> & Loose & { readonly securityContext?: Loose };

function violations(of: string, checks: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.entries(checks).flatMap(([name, isMet]) => (isMet ? [] : [`${of}: ${name}`]));
}

function isSeccomp(profile: unknown): boolean {
  return (profile as { readonly type?: string } | undefined)?.type === "RuntimeDefault";
}
