// A process that dies at a chosen write: before it took effect, or after it, when the answer is lost. From then
// on it can do nothing more. Reads are never counted: dying between two writes is dying before the second.
import type { Api } from "../../runtime/api.ts";
import type { Frontend } from "../../starrocks/frontend.ts";

export class Died extends Error {
  override readonly name = "Died";
}

export interface Death {
  /** From 1: the write at which it dies. */
  readonly write: number;
  readonly when: "before" | "after";
}

const API_WRITES = new Set(["create", "apply", "patch", "delete"]);
const FRONTEND_WRITES = new Set([
  "addBroker",
  "dropBroker",
  "createRepository",
  "dropRepository",
  "backup",
  "restore",
  "cancel",
]);

/** Counts the writes of one life, over all processes, and ends one process at most. */
export class Mortality {
  /** What was written, in order: for the name of a test, and to know how many there are. */
  readonly writes: string[] = [];
  readonly #death: Death | undefined;
  #dead = false;
  #hasDied = false;

  constructor(death?: Death) {
    this.#death = death;
  }

  /** Whether the death that was asked for has come. */
  get hasDied(): boolean {
    return this.#hasDied;
  }

  /** A new process lives again, and for good. */
  revive(): void {
    this.#dead = false;
  }

  api(api: Api): Api {
    return this.#mortal(api, API_WRITES, (verb, [first, second]) => {
      const { kind } = first as { readonly kind: string };
      const { metadata, name } = second as {
        readonly metadata?: { readonly name: string };
        readonly name?: string;
      };
      return `${verb} ${kind} ${metadata?.name ?? name ?? ""}`;
    });
  }

  frontend(frontend: Frontend): Frontend {
    return this.#mortal(frontend, FRONTEND_WRITES, (verb) => verb);
  }

  #mortal<T extends object>(
    target: T,
    verbs: ReadonlySet<string>,
    describe: (verb: string, args: readonly unknown[]) => string,
  ): T {
    return new Proxy(target, {
      get: (object, property) => {
        const value: unknown = Reflect.get(object, property, object);
        if (typeof value !== "function") return value;
        return (...args: readonly unknown[]): unknown => {
          const call = (): unknown => Reflect.apply(value, object, args) as unknown;
          const verb = String(property);
          if (verbs.has(verb)) return this.#write(describe(verb, args), call);
          if (this.#dead) throw new Died("dead already");
          return call();
        };
      },
    });
  }

  async #write(what: string, call: () => unknown): Promise<unknown> {
    if (this.#dead) throw new Died("dead already");
    this.writes.push(what);
    const dies = this.#death?.write === this.writes.length;
    if (dies && this.#death?.when === "before") this.#die(what);
    // An answer that says no is lost as well.
    const [answer] = await Promise.allSettled([call()]);
    if (dies) this.#die(what);
    if (answer.status === "rejected") throw answer.reason as Error;
    return answer.value;
  }

  #die(what: string): never {
    this.#dead = true;
    this.#hasDied = true;
    throw new Died(what);
  }
}
