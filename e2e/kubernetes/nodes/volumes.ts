// The volumes of a pod: what their files hold, and where they are mounted. Every mount of a volume of files
// is a folder of its own with the same content, so that a path with `..` in it leads from one mount to
// another as it does in a container; an emptyDir is one folder, to which other mounts of it are links.
import { mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { must } from "../../../operator/assert.ts";
import { describeError } from "../../../operator/errors.ts";
import type { DownwardFile, Pod, Projection, SecretSource, Volume } from "../core.ts";
import { AtomicWriter, type Payload, type VolumeFile } from "./atomic-writer.ts";
import { fieldValue, type PodPlace } from "./downward.ts";
import type { PodTokens } from "./pod-tokens.ts";
import type { ReadSource, SourceKind } from "./sources.ts";

const DEFAULT_MODE = 0o644;

export interface VolumesOptions {
  readonly place: PodPlace;
  readonly read: ReadSource;
  readonly tokens: PodTokens;
  /** The folder that stands for `/` in a container. */
  readonly rootOf: (container: string) => string;
}

interface Mount {
  readonly volume: Volume;
  readonly writer: AtomicWriter;
}

export class Volumes {
  readonly #options: VolumesOptions;
  readonly #mounts: Mount[] = [];
  #made = false;

  constructor(options: VolumesOptions) {
    this.#options = options;
  }

  /** Makes and fills every mount. Repeatable; rejects saying what is missing, as a FailedMount event does. */
  async setUp(pod: Pod): Promise<void> {
    const payloads = await this.#payloads(pod);
    if (!this.#made) await this.#makeMounts(pod);
    this.#made = true;
    await this.#fill(payloads);
  }

  /** Brings changed annotations, Secrets and ConfigMaps into the files. What cannot be read stays as it was. */
  async refresh(pod: Pod): Promise<void> {
    if (this.#made) await this.#fill(await this.#payloads(pod));
  }

  async #fill(payloads: ReadonlyMap<string, Payload>): Promise<void> {
    for (const { volume, writer } of this.#mounts) {
      await writer.write(must(payloads.get(volume.name), `volume ${volume.name}`));
    }
  }

  async #payloads(pod: Pod): Promise<ReadonlyMap<string, Payload>> {
    const files = (pod.spec.volumes ?? []).filter((v) => v.emptyDir === undefined);
    const payloads = new Map<string, Payload>();
    for (const volume of files) {
      try {
        payloads.set(volume.name, await this.#payloadOf(pod, volume));
      } catch (error) {
        const why = describeError(error);
        throw new Error(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`, {
          cause: error,
        });
      }
    }
    return payloads;
  }

  async #payloadOf(pod: Pod, volume: Volume): Promise<Payload> {
    const { mode, sources } = projectionOf(volume);
    const payload = new Map<string, VolumeFile>();
    for (const source of sources) {
      for (const [path, file] of await this.#filesOf(pod, source, mode)) payload.set(path, file);
    }
    return payload;
  }

  async #filesOf(pod: Pod, source: Projection, mode: number): Promise<[string, VolumeFile][]> {
    const { secret, configMap, downwardAPI, serviceAccountToken } = source;
    if (secret !== undefined) return this.#dataFiles("Secret", secret, mode);
    if (configMap !== undefined) return this.#dataFiles("ConfigMap", configMap, mode);
    if (downwardAPI !== undefined) {
      return (downwardAPI.items ?? []).map((item) => this.#downwardFile(pod, item, mode));
    }
    if (serviceAccountToken !== undefined) {
      const content = Buffer.from(this.#options.tokens.tokenFor(pod, serviceAccountToken));
      return [[serviceAccountToken.path, { content, mode }]];
    }
    throw new Error(`a projection of ${Object.keys(source).join(", ")} is not supported here`);
  }

  #downwardFile(pod: Pod, item: DownwardFile, mode: number): [string, VolumeFile] {
    const { fieldRef } = item;
    if (fieldRef === undefined) throw new Error(`resourceFieldRef is not supported here`);
    const text = fieldValue(pod, this.#options.place, fieldRef.fieldPath);
    return [item.path, { content: Buffer.from(text), mode: item.mode ?? mode }];
  }

  async #dataFiles(
    kind: SourceKind,
    source: SecretSource & { readonly name: string },
    mode: number,
  ): Promise<[string, VolumeFile][]> {
    const values = await this.#options.read(kind, source.name);
    if (values === undefined) {
      if (source.optional === true) return [];
      throw new Error(`${kind === "Secret" ? "secret" : "configmap"} "${source.name}" not found`);
    }
    if (source.items === undefined) {
      return [...values].map(([key, content]) => [key, { content, mode }]);
    }
    const found: [string, VolumeFile][] = [];
    for (const item of source.items) {
      const content = values.get(item.key);
      if (content !== undefined) found.push([item.path, { content, mode: item.mode ?? mode }]);
      else if (source.optional !== true) {
        throw new Error(`references non-existent ${kind.toLowerCase()} key: ${item.key}`);
      }
    }
    return found;
  }

  async #makeMounts(pod: Pod): Promise<void> {
    const volumes = new Map((pod.spec.volumes ?? []).map((volume) => [volume.name, volume]));
    const emptyDirs = new Map<string, string>();
    for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      for (const { name, mountPath } of container.volumeMounts ?? []) {
        const volume = volumes.get(name);
        if (volume === undefined) throw new Error(`volume mount "${name}" has no volume`);
        const dir = join(this.#options.rootOf(container.name), mountPath);
        if (volume.emptyDir === undefined) {
          this.#mounts.push({ volume, writer: new AtomicWriter(dir) });
        } else await makeEmptyDir(dir, name, emptyDirs);
      }
    }
  }
}

async function makeEmptyDir(dir: string, name: string, made: Map<string, string>): Promise<void> {
  const first = made.get(name);
  made.set(name, first ?? dir);
  if (first === undefined) {
    await mkdir(dir, { recursive: true });
    return;
  }
  await mkdir(dirname(dir), { recursive: true });
  await symlink(first, dir);
}

/** Every kind of volume as the projection it is. */
function projectionOf(volume: Volume): {
  readonly mode: number;
  readonly sources: readonly Projection[];
} {
  const { secret, configMap, downwardAPI, projected } = volume;
  const sources = [
    ...(secret === undefined ? [] : [{ secret: { ...secret, name: secret.secretName } }]),
    ...(configMap === undefined ? [] : [{ configMap }]),
    ...(downwardAPI === undefined ? [] : [{ downwardAPI }]),
    ...(projected?.sources ?? []),
  ];
  return { mode: modeOf(volume), sources };
}

function modeOf({ secret, configMap, downwardAPI, projected }: Volume): number {
  return (secret ?? configMap ?? downwardAPI ?? projected)?.defaultMode ?? DEFAULT_MODE;
}
