// When a Backup or Restore has ended, however.
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";

export function isOver({ status }: Backup | Restore): boolean {
  return ["FINISHED", "FAILED", "CANCELLED"].includes(status?.phase ?? "");
}
