// The texts with which the FE refuses a statement (§2.8, §11), as a table. Texts are all there is: the MySQL
// number says nothing, nearly every error is 1064, even a wrong password (§11).
import type { FrontendReason } from "./frontend.ts";
import { grantFor, oldBackupGrant } from "./grants.ts";

/**
 * What the connection does before the caller hears of it. `quickly`: again, a few times, at once. `elsewhere`:
 * look for the leader first.
 */
export type Repeat = "quickly" | "elsewhere" | "no";

/** A row: which text, what it means, what to do. */
export interface Refusal {
  readonly text: RegExp;
  /** `AlreadySo`: what was asked for is the case; only texts of ADD, DROP and CANCEL say so. */
  readonly reason: FrontendReason | "AlreadySo";
  readonly heals?: true;
  readonly repeat?: Repeat;
  readonly advice: string | ((text: string, user: string) => string);
}

const BROKER_CALL =
  /failed to list remote path|failed to open (?:reader|writer) on broker|failed to rename|failed to delete remote path|write exception|failed to check remote path exist|failed to get broker client/i;

/** The first match counts. */
export const REFUSALS: readonly Refusal[] = [
  // The FE's own pooled sockets to an agent that was replaced; each fails one call and is gone (§4.3, §12.3).
  {
    text: /Socket is closed by peer|Broken pipe|Connection reset/i,
    reason: "BrokerCallFailed",
    heals: true,
    repeat: "quickly",
    advice: "StarRocks met connections to an agent that is gone; it is asked again",
  },
  {
    text: /Another backup or restore job is being submitted/i,
    reason: "SubmissionBusy",
    heals: true,
    repeat: "quickly",
    advice: "it is asked again when that one is through",
  },
  {
    text: /meta data may has been updated during this period/i,
    reason: "StatementFailed",
    heals: true,
    repeat: "quickly",
    advice: "it is asked again",
  },
  {
    text: /leader is unknown|unknown leader|no leader|not (?:the )?leader|(?:FE|node|leader) is not ready/i,
    reason: "FrontendUnreachable",
    heals: true,
    repeat: "elsewhere",
    advice: "no FE leads at the moment; look at SHOW FRONTENDS when this lasts",
  },
  {
    text: /\(using password: (?:YES|NO)\)/i,
    reason: "AccessDenied",
    advice: "correct user and password in the Secret of this StarRocks",
  },
  {
    text: /you need \(at least one of\) the .* privilege|Access denied for user '.*' to database/i,
    reason: "RightMissing",
    advice: (text, user) => `run: ${grantFor(text, user)}`,
  },
  {
    text: /BackupStatement failed/i,
    reason: "RightMissing",
    advice: (_text, user) => `StarRocks 2.5 hides the reason; run: ${oldBackupGrant(user)}`,
  },
  {
    text: /has already in brokers|has not in brokers|No backup job is currently running|No restore is currently running|can not be cancelled\. state:/i,
    reason: "AlreadySo",
    advice: "nothing to do",
  },
  {
    text: /Snapshot with name '.*' already exist in repository/i,
    reason: "LabelInUse",
    advice: "the label is used up, be it by a failed backup: take another one",
  },
  {
    text: /Can only run one backup or restore job of a database at same time/i,
    reason: "DatabaseBusy",
    heals: true,
    advice: "wait for the other job; SHOW BACKUP and SHOW RESTORE of the database tell whose it is",
  },
  {
    text: /repository with same name already exist/i,
    reason: "RepositoryExists",
    advice: "compare it with SHOW REPOSITORIES",
  },
  {
    text: /Repository (?:\[.*\] |\S+ )?does not exist/i,
    reason: "RepositoryMissing",
    advice: "it has to be created again",
  },
  {
    text: /Repository \S+ is read only/i,
    reason: "RepositoryReadOnly",
    advice: "back up into a repository that is not read only",
  },
  {
    text: /job is running on this repository/i,
    reason: "RepositoryBusy",
    heals: true,
    advice: "wait for the job, or cancel it",
  },
  {
    text: /failed to find alive broker|Unknown broker name|broker does not exist|failed to get address of broker/i,
    reason: "BrokerNotAlive",
    heals: true,
    advice: "wait until SHOW BROKER calls it alive; look at its agents when this lasts",
  },
  {
    text: /md5sum does not equal|file name should contains checksum|Expected one file with path[\s\S]*get: (?!0\b)\d+/i,
    reason: "SnapshotDamaged",
    advice: "the snapshot's files are not what was written; restore another one",
  },
  {
    text: /Expected one file with path/i,
    reason: "SnapshotNotFound",
    advice: "check snapshot name, timestamp and the Repository's location",
  },
  {
    text: BROKER_CALL,
    reason: "BrokerCallFailed",
    heals: true,
    advice: "StarRocks asked an agent and got this answer; the agent's log has more",
  },
  {
    // String.format("%d") of an enum in BlobStorage: the agent's own text is lost (§4.4).
    text: /d != com\.starrocks\.thrift\.TBrokerOperationStatusCode/i,
    reason: "BrokerCallFailed",
    heals: true,
    advice:
      "an agent refused a read or write and StarRocks lost its words; the agent's log has them",
  },
  {
    text: /Incorrect repository name/i,
    reason: "RequestInvalid",
    advice: "a repository name has letters, digits and _",
  },
  {
    text: /Failed to create repository/i,
    reason: "BrokerCallFailed",
    heals: true,
    advice: "StarRocks could not read or write __repo_info; the agent's log has more",
  },
  {
    text: /Failed to get info of snapshot|Maybe specified wrong backup timestamp/i,
    reason: "SnapshotNotFound",
    advice: "check snapshot name, timestamp and the Repository's location",
  },
  {
    text: /type: CLOUD_NATIVE/i,
    reason: "SharedData",
    advice: "StarRocks backs up no tables of a shared-data cluster",
  },
  {
    text: /is not a OLAP table|can not support backup restore, type:/i,
    reason: "ObjectUnsupported",
    advice: "leave it out of the list: this release backs up no object of this type",
  },
  {
    text: /(?:backing up|restoring) table with temp partitions/i,
    reason: "ObjectUnsupported",
    advice: "drop the table's temporary partitions first",
  },
  {
    text: /List partition table does not support backup\/restore/i,
    reason: "ObjectUnsupported",
    advice: "leave the table out, or upgrade StarRocks: 3.4 and late 3.3 can",
  },
  {
    text: /Base table .* doest not existed in materialized view/i,
    reason: "ObjectUnsupported",
    advice: "name the base tables too, or leave the materialized view out",
  },
  {
    text: /does not exist in snapshot|is not existed in snapshot/i,
    reason: "ObjectNotFound",
    advice: "the snapshot does not hold it; SHOW SNAPSHOT with its timestamp lists what it holds",
  },
  {
    text: /Database: .* is empty|Table not found/i,
    reason: "DatabaseEmpty",
    advice: "there is nothing to back up in it",
  },
  {
    text: /Unknown database/i,
    reason: "ObjectNotFound",
    advice: "correct the name; before 3.4 RESTORE makes no database: run CREATE DATABASE first",
  },
  {
    text: /Incorrect table name|Unknown (?:table|partition)|partition\[?.*\]? does not exist|table \S+ does not exist/i,
    reason: "ObjectNotFound",
    advice: "correct the name, or leave it out",
  },
  {
    text: /Missing backup_timestamp|timeout must be at least|Duplicated (?:table|alias name)|Unknown (?:backup|restore) job properties|Getting syntax error|Where clause should looks like|Invalid (?:replication num|timeout|host port)|Unexpected database qualifier/i,
    reason: "RequestInvalid",
    advice: "this StarRocks does not take the statement: please report it with its version",
  },
  {
    text: /Reach (?:the )?limit of connections|Too many connections/i,
    reason: "FrontendUnreachable",
    heals: true,
    advice: "raise max_user_connections of the user, or end other sessions",
  },
];
