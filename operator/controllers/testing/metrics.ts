// Reads a registry as Prometheus would, and makes metrics over objects that a test puts there.
import { Registry } from "prom-client";
import { BACKUP, REPOSITORY, RESTORE } from "../../api/kinds.ts";
import { LABELS } from "../../api/group.ts";
import type { Backup } from "../../api/backup.generated.ts";
import type { Repository } from "../../api/repository.generated.ts";
import type { Restore } from "../../api/restore.generated.ts";
import type { Change } from "../../runtime/informer.ts";
import type { KubernetesObject } from "../../runtime/api.ts";
import type { Pod, Service } from "../../runtime/objects.ts";
import { ObjectStore, byLabel } from "../../runtime/store.ts";
import type { Caches } from "../deps.ts";
import { OperatorMetrics } from "../metrics.ts";

export type LabelValues = Readonly<Record<string, string>>;

/** Series of a metric as `{labels} value`; those of a Histogram are left to who wants them. */
export async function seriesOf(registry: Registry, name: string): Promise<readonly string[]> {
  const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
  return values.map(({ labels, value }) => {
    const said = Object.entries(labels as LabelValues).map(([k, v]) => `${k}=${v}`);
    return `{${said.sort().join(",")}} ${value}`;
  });
}

/** The sum of all series with these labels; undefined when there is none. */
export async function valueOf(
  registry: Registry,
  name: string,
  labels: LabelValues = {},
): Promise<number | undefined> {
  const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
  const found = values.filter(({ labels: has }) =>
    Object.entries(labels).every(([key, value]) => (has as LabelValues)[key] === value),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}

type Custom = Backup | Restore | Repository;

export interface MeasuredObjects {
  readonly registry: Registry;
  readonly metrics: OperatorMetrics;
  readonly put: (object: Custom) => void;
  readonly drop: (object: Custom) => void;
  readonly services: ObjectStore<Service>;
  /** A pod as the informer tells it. */
  readonly tell: (change: Change<Pod>) => void;
}

export function measuredObjects(): MeasuredObjects {
  const registry = new Registry();
  const metrics = new OperatorMetrics(registry);
  const stores = {
    [BACKUP.kind]: new ObjectStore<Backup>(),
    [RESTORE.kind]: new ObjectStore<Restore>(),
    [REPOSITORY.kind]: new ObjectStore<Repository>(),
  } as unknown as Readonly<Record<Custom["kind"], ObjectStore<KubernetesObject>>>;
  const services = new ObjectStore<Service>();
  const pods = new ObjectStore<Pod>();
  const caches = {
    backups: stores.Backup,
    restores: stores.Restore,
    repositories: stores.Repository,
    slotsByRepository: services.index(byLabel(LABELS.repositoryUid)),
    podsByRepository: pods.index(byLabel(LABELS.repositoryUid)),
  } as unknown as Caches;
  let listener: ((change: Change<Pod>) => void) | undefined;
  metrics.follow(caches, {
    subscribe: (heard) => {
      listener = heard;
      return () => {};
    },
  });
  return {
    registry,
    metrics,
    services,
    put: (object) => stores[object.kind].set(object),
    drop: (object) => stores[object.kind].delete(object),
    tell: (change) => {
      if (change.after !== undefined) pods.set(change.after);
      else if (change.before !== undefined) pods.delete(change.before);
      listener?.(change);
    },
  };
}
