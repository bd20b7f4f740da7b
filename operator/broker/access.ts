// Who may ask for what: the mount's token on every call that carries properties, one repository, one
// snapshot, one direction. That, and the broker that is dropped after an attempt, is the fence against a
// late statement or a stale task.
import { createHash, timingSafeEqual } from "node:crypto";
import { BrokerError } from "./broker-error.ts";
import { OWN_PREFIX, type RepositoryLayout } from "./layout.ts";
import { requireOwnSnapshot } from "./listing.ts";
import { keyOf, parsePath, type AskedPath, type Mount, type Place } from "./place.ts";
import { BROKER_STATUS } from "./protocol.ts";

/** The property of CREATE REPOSITORY that carries the mount's token. */
export const TOKEN_PROPERTY = "token";

export interface AccessOptions {
  readonly mount: Mount;
  readonly layout: RepositoryLayout;
  /** `backup` may write its snapshot, `restore` may only read it. */
  readonly mode: "backup" | "restore";
  readonly label: string;
  /** SHA-256 of the repository's token, 64 hex digits. The token itself never reaches an agent. */
  readonly tokenSha256: string;
}

/** Every method throws {@link BrokerError} when the answer is no. */
export class Access {
  readonly #options: AccessOptions;
  readonly #token: Buffer;

  constructor(options: AccessOptions) {
    this.#options = options;
    this.#token = Buffer.from(options.tokenSha256, "hex");
  }

  /** What the path means, once the token is right. */
  requirePath(path: string, properties: ReadonlyMap<string, string>): AskedPath {
    const given = createHash("sha256")
      .update(properties.get(TOKEN_PROPERTY) ?? "")
      .digest();
    if (timingSafeEqual(given, this.#token)) return parsePath(this.#options.mount, path);
    throw new BrokerError(
      BROKER_STATUS.NOT_AUTHORIZED,
      "the token is not this mount's: the repository entry belongs to another mount or was made by hand",
    );
  }

  /** The storage key of a file of this attempt's snapshot. */
  requireFile(place: Place, path: string): string {
    const { layout, label } = this.#options;
    if (place.kind !== "snapshot" || place.rest === "" || place.rest.endsWith("/")) {
      throw new BrokerError(BROKER_STATUS.NOT_AUTHORIZED, `${path} is no file of a snapshot`);
    }
    requireOwnSnapshot(place.label, label);
    if (place.rest.split("/").some((s) => s.startsWith(OWN_PREFIX))) {
      throw new BrokerError(BROKER_STATUS.NOT_AUTHORIZED, `${path} is a name of the operator`);
    }
    return keyOf(layout, place.label, place.rest);
  }

  /** The same for a file that is to be written, renamed or deleted. */
  requireWritable(place: Place, path: string): string {
    if (this.#options.mode !== "backup") {
      const message = `this agent restores: it does not change ${path}`;
      throw new BrokerError(BROKER_STATUS.NOT_AUTHORIZED, message);
    }
    return this.requireFile(place, path);
  }
}
