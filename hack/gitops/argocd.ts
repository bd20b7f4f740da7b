// Argo CD's health checks of our kinds, laid out as in its own repository (`resource_customizations`): a script for each
// kind, and tests of it that name an object and what is to be said of it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { LuaFactory, LuaLibraries } from "wasmoon";
import { GROUP } from "../../operator/api/group.ts";
import type { Judged } from "./lived.ts";

export const CHECKS = `deploy/argocd/resource_customizations/${GROUP}`;

export const KINDS = ["Repository", "Backup", "Restore"] as const;
export type JudgedKind = (typeof KINDS)[number];

export interface Health {
  readonly status: "Healthy" | "Progressing" | "Degraded";
  readonly message: string;
}

export interface HealthTest {
  readonly path: string;
  readonly object: Judged;
  readonly wanted: Health;
}

export function healthScript(root: string, kind: JudgedKind): string {
  return readFileSync(join(root, CHECKS, kind, "health.lua"), "utf8");
}

export function healthTests(root: string, kind: JudgedKind): readonly HealthTest[] {
  const folder = join(root, CHECKS, kind);
  const { tests } = parse(readFileSync(join(folder, "health_test.yaml"), "utf8")) as {
    readonly tests: readonly { readonly healthStatus: Health; readonly inputPath: string }[];
  };
  return tests.map(({ healthStatus, inputPath }) => ({
    path: inputPath,
    object: parse(readFileSync(join(folder, inputPath), "utf8")) as Judged,
    wanted: healthStatus,
  }));
}

/**
 * What a script says of an object. As in Argo CD it has the basic library and that of tables, and no other. This Lua is
 * 5.4, Argo's is 5.1: that one has its say in judge.servers.test.ts.
 */
export async function healthOf(script: string, object: object): Promise<Health> {
  const engine = await new LuaFactory().createEngine({
    openStandardLibs: false,
    injectObjects: false,
    enableProxy: false,
  });
  try {
    engine.global.loadLibrary(LuaLibraries.Base);
    engine.global.loadLibrary(LuaLibraries.Table);
    engine.global.set("obj", object);
    return (await engine.doString(script)) as Health;
  } finally {
    engine.global.close();
  }
}
