// One client's session on one FE: what SET changed.
import { Grants, type User } from "./privileges.ts";

export interface SessionPlace {
  readonly connectionId: number;
  readonly db: string | undefined;
  /** The release's, where the session has no say. */
  readonly timeZone: string | undefined;
}

export class Session {
  readonly #user: () => User;
  readonly connectionId: number;
  db: string | undefined;
  /** As SET said. */
  timeZone = "UTC";
  forwardToLeader = false;
  rolesActive = false;
  readonly #fixedTimeZone: string | undefined;

  /** `user` as of now: a GRANT counts in sessions that are open, too. */
  constructor(user: () => User, at: SessionPlace) {
    this.#user = user;
    this.connectionId = at.connectionId;
    this.db = at.db;
    this.#fixedTimeZone = at.timeZone;
  }

  /** In which SHOW prints times. */
  get shownTimeZone(): string {
    return this.#fixedTimeZone ?? this.timeZone;
  }

  get user(): User {
    return this.#user();
  }

  get grants(): Grants {
    return new Grants(this.user, this.rolesActive);
  }
}
