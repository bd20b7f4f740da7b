// The leader's tasks for BEs (AgentTaskQueue, ReportHandler): a task stays until its BE says it is done.
// A task that failed, or that a BE does not know (any more), is sent again after the BE's next report
// and `agent_task_resend_wait_time_ms`, unchanged, for ever. There is no retry limit.
import type { Clock } from "../../operator/clock.ts";
import type { AgentTask, BackendPort } from "./messages.ts";

export interface QueuedTask {
  readonly backendId: number;
  readonly task: AgentTask;
  sentAt: number;
}

export class TaskQueue {
  readonly #clock: Clock;
  readonly #backend: (id: number) => BackendPort | undefined;
  readonly #resendWaitMs: () => number;
  readonly #tasks = new Map<string, QueuedTask>();

  constructor(
    clock: Clock,
    backend: (id: number) => BackendPort | undefined,
    resendWaitMs: () => number,
  ) {
    this.#clock = clock;
    this.#backend = backend;
    this.#resendWaitMs = resendWaitMs;
  }

  /** Queues and sends. A BE that is down gets the task when it reports again. */
  async submit(backendId: number, tasks: readonly AgentTask[]): Promise<void> {
    const queued = tasks.map((task) => ({ backendId, task, sentAt: this.#clock.monotonic() }));
    for (const one of queued) this.#tasks.set(keyOf(backendId, one.task.signature), one);
    await this.#send(backendId, tasks);
  }

  get(backendId: number, signature: number): QueuedTask | undefined {
    return this.#tasks.get(keyOf(backendId, signature));
  }

  remove(backendId: number, signature: number): void {
    this.#tasks.delete(keyOf(backendId, signature));
  }

  removeJob(jobId: number): void {
    for (const [key, { task }] of this.#tasks) {
      if (task.jobId === jobId) this.#tasks.delete(key);
    }
  }

  /** What a BE's report leaves to be sent again. */
  async reported(backendId: number, running: readonly number[]): Promise<void> {
    const now = this.#clock.monotonic();
    const missing = [...this.#tasks.values()].filter(
      (q) =>
        q.backendId === backendId &&
        !running.includes(q.task.signature) &&
        now - q.sentAt >= this.#resendWaitMs(),
    );
    for (const one of missing) one.sentAt = now;
    if (missing.length > 0) {
      await this.#send(
        backendId,
        missing.map((q) => q.task),
      );
    }
  }

  get size(): number {
    return this.#tasks.size;
  }

  async #send(backendId: number, tasks: readonly AgentTask[]): Promise<void> {
    await this.#backend(backendId)
      ?.submitTasks(tasks)
      .catch(() => undefined);
  }
}

function keyOf(backendId: number, signature: number): string {
  return `${backendId}/${signature}`;
}
