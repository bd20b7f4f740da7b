// StarRocks 4: branch-4.1 of March 2026; of 4.2 only what its merged changes of August 2026 show.
import { SNAPSHOT_DETAILS_4_2, SNAPSHOTS_4_2 } from "./profile-columns.ts";
import type { Profile } from "./profile.ts";
import { V3_5 } from "./profile-v3.ts";

/** Times in one zone, no `//` any more. */
export const V4_1: Profile = {
  ...V3_5,
  name: "4.1",
  version: "4.1.0-rc02 3f0d9ab",
  show: { ...V3_5.show, timeZone: "+08:00" },
  frontend: { ...V3_5.frontend, stripsTrailingSlash: true, jvmTimeZone: "Asia/Shanghai" },
  backend: { ...V3_5.backend, workers: 8 },
};

/** Snapshots that expire, a manifest in each tablet's folder. */
export const V4_2: Profile = {
  ...V4_1,
  name: "4.2",
  version: "4.2.0 7b1e4c8",
  sql: { ...V4_1.sql, dropSnapshot: true },
  show: { ...V4_1.show, snapshots: SNAPSHOTS_4_2, snapshotDetails: SNAPSHOT_DETAILS_4_2 },
  frontend: { ...V4_1.frontend, infoHasExpiry: true },
  backend: { ...V4_1.backend, tabletManifest: true },
};
