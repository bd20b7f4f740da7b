// The life of a Restore, in order; see backup/phases.ts.
import type { PhaseTable } from "../job/plan.ts";
import type { RestorePhase } from "../job/status.ts";
import * as finish from "../job/steps/finish.ts";
import { starRocksIsDone } from "../job/steps/follow.ts";
import * as open from "../job/steps/open.ts";
import * as prepare from "../job/steps/prepare.ts";
import { submitOnce } from "../job/steps/submit.ts";
import * as preflight from "./preflight.ts";

const submitted = submitOnce(preflight.restoreRequest);

export const RESTORE_PHASES = {
  PENDING: {
    next: ["SNAPSHOTING", "DOWNLOADING", "COMMIT", "FAILED", "CANCELLED"],
    limit:
      "agents and broker: 10 minutes; then as SNAPSHOTING. A queue has no limit and says its position",
    steps: {
      ...prepare.untilAccepted({
        itIsNotTooLate: preflight.itIsNotTooLate,
        repositoryIsReady: prepare.repositoryIsReady,
        sourceIsKnown: preflight.sourceIsKnown,
        repositoryAllowsIt: prepare.repositoryAllowsIt,
        backoffIsOver: prepare.backoffIsOver,
        itsTurn: prepare.itsTurn,
        snapshotIsWhole: preflight.snapshotIsWhole,
        starRocksIsReached: prepare.starRocksAnswers,
        sharesNothing: prepare.sharesNothing,
        databaseExists: preflight.databaseExists,
        namedTargetsAreFree: preflight.namedTargetsAreFree,
        databaseIsFree: prepare.databaseIsFree,
        slotIsLent: open.slotIsLent,
        agentsArePlaced: open.agentsArePlaced,
        agentsServe: open.agentsServe,
        slotIsOpen: open.slotIsOpen,
        brokerIsAlive: open.brokerIsAlive,
        mountIsMade: open.mountIsMade,
        contentIsKnown: preflight.contentIsKnown,
      }),
      starRocksAnswers: prepare.starRocksAnswers,
      submitted,
      starRocksIsDone,
    },
  },
  SNAPSHOTING: {
    next: ["DOWNLOADING", "COMMIT", "FAILED", "CANCELLED"],
    limit: "noProgressTimeout, timeout",
    steps: { starRocksAnswers: prepare.starRocksAnswers, submitted, starRocksIsDone },
  },
  DOWNLOADING: {
    next: ["COMMIT", "FAILED", "CANCELLED"],
    limit: "noProgressTimeout, timeout; damaged content at once",
    steps: { starRocksAnswers: prepare.starRocksAnswers, submitted, starRocksIsDone },
  },
  COMMIT: {
    next: ["FINISHED", "FAILED", "CANCELLED"],
    limit:
      "timeout, because what replaces data is not ended for want of progress; drain 10 minutes",
    steps: {
      starRocksIsDone: finish.unlessKnown(prepare.starRocksAnswers, starRocksIsDone),
      mountIsClosed: finish.mountIsClosed,
      agentsAreDrained: finish.agentsAreDrained,
      agentsAreGone: finish.agentsAreGone,
      slotIsReturned: finish.slotIsReturned,
      tasksAreGone: finish.tasksAreGone,
      finished: finish.finished,
    },
  },
  FINISHED: { next: [], limit: undefined, steps: {} },
  FAILED: { next: [], limit: undefined, steps: {} },
  CANCELLED: { next: [], limit: undefined, steps: {} },
} as const satisfies PhaseTable<RestorePhase>;
