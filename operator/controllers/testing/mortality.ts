// A process that dies at a chosen write: before it took effect, or after it, when the answer is lost. From then
// on it can do nothing more. Reads are never counted: dying between two writes is dying before the second.
// Random lives choose anew at each write, and some writes merely fail: the process lives on and has to look again.
import { ApiError, type Api } from "../../runtime/api.ts";
import { FrontendError, type Frontend } from "../../starrocks/frontend.ts";

export class Died extends Error {
  override readonly name = "Died";
}

export interface Death {
  /** From 1: the write at which it dies. */
  readonly write: number;
  readonly when: "before" | "after";
}

/** What befalls one write. */
export interface Harm {
  readonly how: "dies" | "fails";
  readonly when: Death["when"];
}

/** Asked once for each write, by what it is. */
export type Harms = (what: string) => Harm | undefined;

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

/** Counts the writes of one life, over all processes, and does harm to those that are chosen. */
export class Mortality {
  /** What was written, in order: for the name of a test, and to know how many there are. */
  readonly writes: string[] = [];
  readonly #harms: Harms;
  readonly #failures = new WeakSet<Error>();
  #dead = false;
  #hasDied = false;

  constructor(harm?: Death | Harms) {
    this.#harms = typeof harm === "function" ? harm : () => this.#onceAt(harm);
  }

  /** Whether an error comes of a write that was made to fail. */
  isCauseOf(error: unknown): boolean {
    if (!(error instanceof Error)) return false;
    return this.#failures.has(error) || this.isCauseOf(error.cause);
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
    const failed = (): Error => new ApiError(504, "Timeout", "it was made to fail");
    return this.#mortal(api, { verbs: API_WRITES, failed }, (verb, [first, second]) => {
      const { kind } = first as { readonly kind: string };
      const { metadata, name } = second as {
        readonly metadata?: { readonly name: string };
        readonly name?: string;
      };
      return `${verb} ${kind} ${metadata?.name ?? name ?? ""}`;
    });
  }

  frontend(frontend: Frontend): Frontend {
    return this.#mortal(frontend, { verbs: FRONTEND_WRITES, failed: lostAnswer }, (verb) => verb);
  }

  #mortal<T extends object>(
    target: T,
    { verbs, failed }: Mortals,
    describe: (verb: string, args: readonly unknown[]) => string,
  ): T {
    return new Proxy(target, {
      get: (object, property) => {
        const value: unknown = Reflect.get(object, property, object);
        if (typeof value !== "function") return value;
        return (...args: readonly unknown[]): unknown => {
          const call = (): unknown => Reflect.apply(value, object, args) as unknown;
          const verb = String(property);
          const write = { what: describe(verb, args), call, failed: (h: Harm) => failed(verb, h) };
          if (verbs.has(verb)) return this.#write(write);
          if (this.#dead) throw new Died("dead already");
          return call();
        };
      },
    });
  }

  #onceAt(death: Death | undefined): Harm | undefined {
    return death?.write === this.writes.length ? { how: "dies", when: death.when } : undefined;
  }

  async #write({ what, call, failed }: Write): Promise<unknown> {
    if (this.#dead) throw new Died("dead already");
    this.writes.push(what);
    const harm = this.#harms(what);
    if (harm?.when === "before") this.#harm(what, harm, failed);
    // An answer that says no is lost as well.
    const [answer] = await Promise.allSettled([call()]);
    if (harm !== undefined) this.#harm(what, harm, failed);
    if (answer.status === "rejected") throw answer.reason as Error;
    return answer.value;
  }

  #harm(what: string, harm: Harm, failed: (harm: Harm) => Error): never {
    if (harm.how === "dies") this.#die(what);
    const error = failed(harm);
    this.#failures.add(error);
    throw error;
  }

  #die(what: string): never {
    this.#dead = true;
    this.#hasDied = true;
    throw new Died(what);
  }
}

interface Mortals {
  readonly verbs: ReadonlySet<string>;
  /** What a caller sees of a failure. */
  readonly failed: (verb: string, harm: Harm) => Error;
}

interface Write {
  readonly what: string;
  readonly call: () => unknown;
  readonly failed: (harm: Harm) => Error;
}

/** As the connection says it: of a statement that was sent nobody knows what became of it. */
function lostAnswer(verb: string, { when }: Harm): Error {
  if (when === "after" && (verb === "backup" || verb === "restore")) {
    return new FrontendError("OutcomeUnknown", false, `${verb}: it was sent, and no answer came`);
  }
  return new FrontendError("FrontendUnreachable", true, `${verb}: the connection was lost`);
}
