// The life of a Backup, in order. The first step that does not pass decides what is done or waited for.
// What comes before (deleting, cancel, an ending) and the clean-up are the same for all jobs: job/plan.ts.
import type { PhaseTable } from "../job/plan.ts";
import type { BackupPhase } from "../job/status.ts";
import * as finish from "../job/steps/finish.ts";
import { starRocksIsDone } from "../job/steps/follow.ts";
import * as open from "../job/steps/open.ts";
import * as prepare from "../job/steps/prepare.ts";
import { submitOnce } from "../job/steps/submit.ts";
import * as preflight from "./preflight.ts";

const submitted = submitOnce(preflight.backupRequest);

export const BACKUP_PHASES = {
  PENDING: {
    next: ["SNAPSHOTING", "UPLOADING", "COMMIT", "FAILED", "CANCELLED"],
    limit:
      "agents and broker: 10 minutes; then as SNAPSHOTING. A queue has no limit and says its position",
    steps: {
      ...prepare.untilAccepted({
        repositoryIsReady: prepare.repositoryIsReady,
        repositoryAllowsIt: prepare.repositoryAllowsIt,
        backoffIsOver: prepare.backoffIsOver,
        itsTurn: prepare.itsTurn,
        starRocksIsReached: prepare.starRocksAnswers,
        sharesNothing: prepare.sharesNothing,
        objectsExist: preflight.objectsExist,
        nameIsFree: preflight.nameIsFree,
        leftOutIsListed: preflight.leftOutIsListed,
        databaseIsFree: prepare.databaseIsFree,
        slotIsLent: open.slotIsLent,
        agentsArePlaced: open.agentsArePlaced,
        agentsServe: open.agentsServe,
        slotIsOpen: open.slotIsOpen,
        brokerIsAlive: open.brokerIsAlive,
        mountIsMade: open.mountIsMade,
      }),
      starRocksAnswers: prepare.starRocksAnswers,
      submitted,
      starRocksIsDone,
    },
  },
  SNAPSHOTING: {
    next: ["PENDING", "UPLOADING", "COMMIT", "FAILED", "CANCELLED"],
    limit: "noProgressTimeout, timeout",
    steps: { starRocksAnswers: prepare.starRocksAnswers, submitted, starRocksIsDone },
  },
  UPLOADING: {
    next: ["PENDING", "COMMIT", "FAILED", "CANCELLED"],
    limit: "noProgressTimeout, timeout",
    steps: { starRocksAnswers: prepare.starRocksAnswers, submitted, starRocksIsDone },
  },
  COMMIT: {
    next: ["PENDING", "FINISHED", "FAILED", "CANCELLED"],
    limit: "15 minutes in StarRocks; drain 10 minutes; sealing as long as its Job is repeated",
    steps: {
      starRocksIsDone: finish.unlessKnown(prepare.starRocksAnswers, starRocksIsDone),
      timestampIsRead: finish.timestampIsRead,
      mountIsClosed: finish.mountIsClosed,
      agentsAreDrained: finish.agentsAreDrained,
      agentsAreGone: finish.agentsAreGone,
      snapshotIsSealed: finish.snapshotIsSealed,
      slotIsReturned: finish.slotIsReturned,
      tasksAreGone: finish.tasksAreGone,
      finished: finish.finished,
    },
  },
  FINISHED: { next: [], limit: undefined, steps: {} },
  FAILED: { next: [], limit: undefined, steps: {} },
  CANCELLED: { next: [], limit: undefined, steps: {} },
} as const satisfies PhaseTable<BackupPhase>;
