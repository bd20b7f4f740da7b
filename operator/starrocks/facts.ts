// What kind of StarRocks this is: version, run mode, who its nodes are. Run mode in the order of §1.11.
import type { Ask } from "./connection.ts";
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
  const configured = await configuredRunMode(ask);
  if (configured !== undefined) return configured;
  if (isSharedData(backends)) return "shared_data";
  const computeNodes = await ask({ sql: SHOW_COMPUTE_NODES, what: SHOW_COMPUTE_NODES });
  if (isSharedData(computeNodes)) return "shared_data";
  return backends.rows.length > 0 ? "shared_nothing" : "unknown";
}

/** Needs OPERATE; undefined without it, and where no such setting exists. */
async function configuredRunMode(ask: Ask): Promise<RunMode | undefined> {
  try {
    const { rows } = await ask({ sql: SHOW_RUN_MODE, what: "asking for the run mode" });
    // The pattern's `_` stands for any character.
    const row = rows.find((r) => optionalCell(r, "Key") === "run_mode");
    return row === undefined ? undefined : RUN_MODES[cell(row, "Value").toLowerCase()];
  } catch (error) {
    if (error instanceof FrontendError && error.reason === "RightMissing") return undefined;
    throw error;
  }
}

function isSharedData({ columns }: SqlTable): boolean {
  return columns.some((c) => SHARED_DATA_COLUMNS.includes(c));
}
