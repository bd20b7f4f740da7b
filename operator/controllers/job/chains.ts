// The parts of a job's life that do not depend on its phase: before anything, on the way, after an ending, and
// while it is deleted.
import * as cleanUp from "./steps/clean-up.ts";
import * as deletion from "./steps/deletion.ts";
import * as finish from "./steps/finish.ts";
import * as gates from "./steps/gates.ts";
import type { Step } from "./model.ts";

type Steps = Readonly<Record<string, Step>>;

export const UNFINALIZED: Steps = { finalizerIsThere: gates.finalizerIsThere };

/** Asked before the steps of every phase that is not an end. */
export const GATES: Steps = {
  isLetGo: gates.isLetGo,
  isNotDeleted: gates.isNotDeleted,
  specIsValid: gates.specIsValid,
  isNotCancelled: gates.isNotCancelled,
  repositoryIsTheSame: gates.repositoryIsTheSame,
};

/** After an ending was decided, whatever it is. */
export const CLEAN_UP: Steps = {
  isLetGo: gates.isLetGo,
  statementIsCancelled: cleanUp.statementIsCancelled,
  brokerIsDropped: cleanUp.brokerIsDropped,
  agentsAreGone: finish.agentsAreGone,
  attemptIsPruned: cleanUp.attemptIsPruned,
  slotIsReturned: finish.slotIsReturned,
  tasksAreGone: finish.tasksAreGone,
  attemptIsConcluded: cleanUp.attemptIsConcluded,
};

export const DELETION: Steps = {
  isLetGo: gates.isLetGo,
  snapshotsArePruned: deletion.snapshotsArePruned,
  tasksAreGone: finish.tasksAreGone,
  finalizerIsGone: deletion.finalizerIsGone,
};
