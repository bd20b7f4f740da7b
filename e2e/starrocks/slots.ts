// The places of a cluster's FEs and BEs: what stays of each while its process is away.
import type { Backend, BackendFaults } from "./backend.ts";
import type { BackendProcess } from "./backend-process.ts";
import type { Frontend } from "./frontend.ts";
import type { MysqlServer } from "./mysql-server.ts";
import type { Session } from "./session.ts";
import type { TabletStore } from "./tablets.ts";

/** Of an FE. */
export interface FrontendSlot {
  readonly name: string;
  readonly host: string;
  port: number;
  frontend: Frontend | undefined;
  server: MysqlServer<Session> | undefined;
}

/** Of a BE. */
export interface BackendSlot {
  readonly id: number;
  readonly host: string;
  readonly dir: string;
  readonly faults: BackendFaults;
  /** The files, which outlive every process. */
  readonly tablets: TabletStore;
  backend: Backend | BackendProcess | undefined;
}
