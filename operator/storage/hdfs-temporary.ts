// Names of files being written: beside their object, so that the rename crosses no quota or encryption zone;
// hidden from listings; random, so that two writers of a key do not meet; and the key can be had back.
import { randomBytes } from "node:crypto";

/** Also what a listing must have passed before it knows that no more of them come. */
export const TEMPORARY_PREFIX = "._k8s";
const SHAPE = /^\._k8s([0-9a-f]{16})_(.+)$/su;

export function newTemporaryId(): string {
  return randomBytes(8).toString("hex");
}

/** The key of the temporary file of an object. */
export function temporaryKey(key: string, id: string): string {
  const at = key.lastIndexOf("/") + 1;
  return `${key.slice(0, at)}${TEMPORARY_PREFIX}${id}_${key.slice(at)}`;
}

export function isTemporaryName(name: string): boolean {
  return SHAPE.test(name);
}

/** What a temporary file's name tells; `undefined` for any other. */
export function readTemporaryName(name: string): { id: string; name: string } | undefined {
  const [, id, object] = SHAPE.exec(name) ?? [];
  return id === undefined || object === undefined ? undefined : { id, name: object };
}
