// The Repository's slots: its Services, and whether pods of the last job in them are still there.
import type { Repository } from "../../api/repository.generated.ts";
import { ANNOTATIONS, LABELS } from "../../api/group.ts";
import { must } from "../../assert.ts";
import type { Pod, Service } from "../../runtime/objects.ts";
import type { Caches } from "../deps.ts";
import { disruptionOf } from "../pods.ts";
import { addressOf, isAsWished } from "../slot-address.ts";
import type { LeftPod, SlotView } from "./model.ts";

export function slotsOf(caches: Caches, repository: Repository): readonly SlotView[] {
  const uid = must(repository.metadata.uid);
  const pods = caches.podsByRepository(uid);
  return slotViews(repository, { services: caches.slotsByRepository(uid), pods }, caches);
}

/** From a Repository's Services and pods, wherever they were read. */
export function slotViews(
  repository: Repository,
  { services, pods }: { readonly services: readonly Service[]; readonly pods: readonly Pod[] },
  { nodes }: Pick<Caches, "nodes">,
): readonly SlotView[] {
  return services
    .filter((service) => service.metadata.deletionTimestamp === undefined)
    .map((service) => {
      const number = service.metadata.labels?.[LABELS.slot] ?? "";
      const lentTo = service.metadata.annotations?.[ANNOTATIONS.lentTo];
      const left = pods.filter((pod) => pod.metadata.labels?.[LABELS.slot] === number);
      const leadsTo = service.spec?.selector?.[LABELS.attempt];
      return {
        index: Number(number),
        service: service.metadata.name,
        resourceVersion: must(service.metadata.resourceVersion),
        address: addressOf(repository, Number(number), { service, nodes: nodes.list() }),
        isAsWished: isAsWished(service, repository),
        lentTo,
        open: lentTo !== undefined && leadsTo === lentTo,
        busy: left.length > 0,
        pods: left.map(leftPod),
      };
    })
    .sort((a, b) => a.index - b.index);
}

function leftPod(pod: Pod): LeftPod {
  const where = `${pod.metadata.name} on node ${pod.spec?.nodeName ?? "(none yet)"}`;
  const deletionTime = pod.metadata.deletionTimestamp;
  const disrupted = deletionTime !== undefined && disruptionOf(pod) !== undefined;
  return { where, disrupted, deletionTime };
}
