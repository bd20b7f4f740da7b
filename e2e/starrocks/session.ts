// One client's session on one FE: what SET changed.
import { Grants, type User } from "./privileges.ts";

export class Session {
  readonly user: User;
  readonly connectionId: number;
  db: string | undefined;
  timeZone = "UTC";
  forwardToLeader = false;
  rolesActive = false;

  constructor(user: User, connectionId: number, db: string | undefined) {
    this.user = user;
    this.connectionId = connectionId;
    this.db = db;
  }

  get grants(): Grants {
    return new Grants(this.user, this.rolesActive);
  }
}
