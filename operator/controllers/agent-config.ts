// An agent's configuration file (docs/agent.md), made from its Repository. Pure. It stands in an annotation of the
// pod, for everybody to read who may read pods: no secret may ever be in it.
import type { Repository } from "../api/repository.generated.ts";
import { parseDuration } from "../api/duration.ts";
import { parseBytes } from "../api/quantity.ts";
import { BESIDE } from "./agent-volumes.ts";
import { repositoryFolder, repositoryName } from "./names.ts";

type Spec = Repository["spec"];

const MIB = 1024 ** 2;

/** The file's text. `bandwidth`, bytes per second, of a job that has its own. */
export function agentConfig({ spec, metadata }: Repository, bandwidth?: number): string {
  const name = repositoryName(metadata, spec.repositoryName);
  // JSON leaves out what is undefined.
  return JSON.stringify({
    location: spec.location,
    folder: repositoryFolder(name),
    repositoryName: name,
    credentialsDirectory: spec.credentialsSecret && BESIDE.credentials,
    s3: spec.s3 && s3Config(spec.s3, spec.agent),
    gcs: spec.gcs,
    hdfs: spec.hdfs,
    connection: spec.connection && connectionConfig(spec.connection),
    limits: {
      memoryMiB: memoryMiB(spec),
      bandwidth: bandwidth ?? (spec.bandwidth && parseBytes(spec.bandwidth)),
    },
  });
}

/** File content that an agent holds at the most. */
export function memoryMiB({ agent }: Spec): number {
  return Math.floor(parseBytes(agent.memory) / MIB);
}

const CHECKSUM_MODES = { Auto: "auto", WhenRequired: "whenRequired" } as const;

function s3Config(s3: NonNullable<Spec["s3"]>, { serviceAccountToken }: Spec["agent"]): object {
  const { checksumMode, roleArn, externalId, sessionDuration, stsEndpoint, ...rest } = s3;
  return {
    ...rest,
    checksumMode: CHECKSUM_MODES[checksumMode],
    role: roleArn && {
      arn: roleArn,
      externalId,
      sessionSeconds: sessionDuration && Math.floor(parseDuration(sessionDuration) / 1000),
      stsEndpoint,
      webIdentityTokenFile: serviceAccountToken && BESIDE.token,
    },
  };
}

function connectionConfig({ caBundle, proxy }: NonNullable<Spec["connection"]>): object {
  return {
    caBundleFile: caBundle && BESIDE.caBundle,
    proxy: proxy && {
      url: proxy.url,
      noProxy: proxy.noProxy,
      credentialsDirectory: proxy.credentialsSecret && BESIDE.proxy,
    },
  };
}
