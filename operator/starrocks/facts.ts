// What kind of StarRocks this is: version, run mode, who its nodes are. Run mode in the order of §1.11.
import type { Ask, Statement } from "./connection.ts";
import { FrontendError, type ClusterFacts, type RunMode } from "./frontend.ts";
import {
  backendNode,
  cell,
  frontendNode,
  optionalCell,
  parseVersion,
  type SqlTable,
} from "./rows.ts";
import {
  SELECT_VERSION,
  SHOW_BACKENDS,
  SHOW_COMPUTE_NODES,
  SHOW_FRONTENDS,
  SHOW_RUN_MODE,
  SHOW_VIEWS_MODE,
} from "./statements.ts";

/** Columns that node lists have in shared-data clusters alone. */
const SHARED_DATA_COLUMNS = ["StarletPort", "WorkerId"];
const RUN_MODES: Readonly<Record<string, RunMode>> = {
  shared_nothing: "shared_nothing",
  shared_data: "shared_data",
};

export async function clusterFacts(ask: Ask): Promise<ClusterFacts> {
  const version = await ask({ sql: SELECT_VERSION, what: "asking for the version" });
  const frontends = await ask({ sql: SHOW_FRONTENDS, what: SHOW_FRONTENDS });
  const backends = await ask({ sql: SHOW_BACKENDS, what: SHOW_BACKENDS });
  const [row] = version.rows;
  return {
    version: parseVersion(row === undefined ? "" : cell(row, "version")),
    runMode: await runMode(ask, backends),
    frontends: frontends.rows.map(frontendNode),
    backends: backends.rows.map(backendNode),
  };
}

async function runMode(ask: Ask, backends: SqlTable): Promise<RunMode> {
  const statement = { sql: SHOW_RUN_MODE, what: "asking for the run mode" };
  const configured = RUN_MODES[(await settingOf(ask, statement, "run_mode")) ?? ""];
  if (configured !== undefined) return configured;
  if (isSharedData(backends)) return "shared_data";
  const computeNodes = await ask({ sql: SHOW_COMPUTE_NODES, what: SHOW_COMPUTE_NODES });
  if (isSharedData(computeNodes)) return "shared_data";
  return backends.rows.length > 0 ? "shared_nothing" : "unknown";
}

/** As `Frontend.takesMaterializedViews` says. */
export async function takesMaterializedViews(ask: Ask): Promise<boolean | undefined> {
  const statement = { sql: SHOW_VIEWS_MODE, what: "asking whether views are backed up" };
  const value = await settingOf(ask, statement, "enable_backup_materialized_view");
  return value === undefined ? undefined : value === "true";
}

/** In lower case. Needs OPERATE; undefined without it, and where no such setting exists. */
async function settingOf(ask: Ask, statement: Statement, key: string): Promise<string | undefined> {
  try {
    const { rows } = await ask(statement);
    // The pattern's `_` stands for any character.
    const row = rows.find((r) => optionalCell(r, "Key") === key);
    return row === undefined ? undefined : cell(row, "Value").toLowerCase();
  } catch (error) {
    if (error instanceof FrontendError && error.reason === "RightMissing") return undefined;
    throw error;
  }
}

function isSharedData({ columns }: SqlTable): boolean {
  return columns.some((c) => SHARED_DATA_COLUMNS.includes(c));
}
