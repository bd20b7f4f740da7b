// From a container's spec to what is started here: words and values expanded, paths replaced.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ContainerSpec, Pod } from "../core.ts";
import type { PodPlace } from "./downward.ts";
import { environmentOf } from "./environment.ts";
import { expand } from "./expansion.ts";
import type { Image } from "./images.ts";
import { PathMap } from "./paths.ts";
import type { ReadSource } from "./sources.ts";

export const DEFAULT_TERMINATION_PATH = "/dev/termination-log";

export interface LaunchOptions {
  readonly pod: Pod;
  readonly place: PodPlace;
  readonly container: ContainerSpec;
  readonly image: Image;
  readonly read: ReadSource;
  /** The folder that stands for `/`. */
  readonly root: string;
}

/** A container that is ready to be started. */
export interface Launch {
  readonly command: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  readonly cwd: string;
  /** Where the termination message will be. */
  readonly terminationPath: string;
  /** The same rewriting for a probe's command. */
  readonly rewrite: (words: readonly string[]) => readonly string[];
}

/**
 * Makes the container's folders and an empty termination message. Rejects as the kubelet does with
 * CreateContainerConfigError, or when the program is no part of the image.
 */
export async function prepareLaunch(options: LaunchOptions): Promise<Launch> {
  const { container, root } = options;
  const terminationInside = container.terminationMessagePath ?? DEFAULT_TERMINATION_PATH;
  const terminationPath = join(root, terminationInside);
  const paths = pathsOf(options, terminationInside);
  const values = await environmentOf({ ...options, image: options.image.environment ?? {} });
  const command = [...(container.command ?? []), ...(container.args ?? [])].map((word) =>
    expand(word, values),
  );
  requireProgram(command[0], paths, container);
  await mkdir(dirname(terminationPath), { recursive: true });
  await writeFile(terminationPath, "");
  const cwd = await workingDirectory(container, paths, root);
  const rewrite = (words: readonly string[]): readonly string[] =>
    words.map((word) => paths.rewrite(word));
  const environment = new Map([...values].map(([k, v]) => [k, paths.rewrite(v)]));
  return { command: rewrite(command), environment, cwd, terminationPath, rewrite };
}

function pathsOf({ container, image, root }: LaunchOptions, terminationPath: string): PathMap {
  const mounts = (container.volumeMounts ?? []).map((mount) => mount.mountPath);
  const own = [...mounts, terminationPath].map((path) => [path, join(root, path)] as const);
  return new PathMap({ ...image.paths, ...Object.fromEntries(own) });
}

/** A program of this machine that the image does not have must not be found. */
function requireProgram(
  program: string | undefined,
  paths: PathMap,
  container: ContainerSpec,
): void {
  if (program === undefined) throw new LaunchError(`container ${container.name} has no command`);
  if (program.startsWith("/") && !paths.knows(program)) {
    throw new LaunchError(
      `exec: "${program}": stat ${program}: no such file or directory in image ${container.image}`,
    );
  }
}

/** The image's own working directory is `/`. */
async function workingDirectory(
  container: ContainerSpec,
  paths: PathMap,
  root: string,
): Promise<string> {
  const inside = container.workingDir ?? "/";
  if (paths.knows(inside)) return paths.rewrite(inside);
  const cwd = join(root, inside);
  await mkdir(cwd, { recursive: true });
  return cwd;
}

/** The container was made but its program cannot be started: the life has ended before it began. */
export class LaunchError extends Error {
  override readonly name = "LaunchError" as const;
}
