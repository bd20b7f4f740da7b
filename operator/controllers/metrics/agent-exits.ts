// Counts how agents' pods end, once each, as the informer sees it. What ended before the operator began is not
// counted: it was, or nobody looked.
import { Counter, type Registry } from "prom-client";
import { EXIT } from "../../agent/outcome.ts";
import { LABELS } from "../../api/group.ts";
import type { Change } from "../../runtime/informer.ts";
import type { Pod } from "../../runtime/objects.ts";
import { COMPONENTS } from "../jobs.ts";
import { endOf, isOver } from "../pods.ts";

type Label = "namespace" | "repository" | "component" | "exit";

const EXITS = [...Object.keys(EXIT), "killed"] as const;

export class AgentExits {
  readonly counter: Counter<Label>;
  /** Repositories whose series are there. */
  readonly #begun = new Set<string>();

  constructor(registry: Registry) {
    this.counter = new Counter({
      name: "starrocks_backup_agent_exits_total",
      help: "Pods of agents and one-shot commands that ended, by component and by how: ok, failed, misconfigured (42), damaged (43), refused (44), internal (70: a bug, or the watchdog), killed (by a signal, such as for its memory)",
      labelNames: ["namespace", "repository", "component", "exit"],
      registers: [registry],
    });
  }

  /** `repository` is the name of the Repository that the pod is of. */
  count({ before, after }: Change<Pod>, repository: string): void {
    const pod = after ?? before;
    const namespace = pod?.metadata.namespace ?? "";
    this.#begin(namespace, repository);
    if (before === undefined || after === undefined || isOver(before) || !isOver(after)) return;
    const component = after.metadata.labels?.[LABELS.component] ?? "";
    this.counter.inc({ namespace, repository, component, exit: exitOf(after) });
  }

  forget(namespace: string, repository: string): void {
    this.#begun.delete(`${namespace}/${repository}`);
  }

  /** Zeros first: Prometheus sees no increase in a series that begins with 1. */
  #begin(namespace: string, repository: string): void {
    const key = `${namespace}/${repository}`;
    if (this.#begun.has(key)) return;
    this.#begun.add(key);
    for (const component of COMPONENTS) {
      for (const exit of EXITS) this.counter.inc({ namespace, repository, component, exit }, 0);
    }
  }
}

/** Above it a signal ended the process, and the kubelet says which. */
const SIGNALS = 128;

function exitOf(pod: Pod): string {
  const exitCode = endOf([pod])?.exitCode ?? EXIT.failed;
  if (exitCode > SIGNALS) return "killed";
  return Object.entries(EXIT).find(([, code]) => code === exitCode)?.[0] ?? "failed";
}
