#!/usr/bin/env node
// `npm run demo`: builds the stage, plays the story, and takes everything down again, whatever happens: an
// end, a failure, the time limit, Ctrl-C. What it starts, it ends by handle or pid; nothing else.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeError } from "../../operator/errors.ts";
import { MINIMAL_PRIVILEGES } from "../starrocks/privileges.ts";
import { NAMESPACE, World } from "../world.ts";
import { HELP, parseArguments, type DemoOptions } from "./arguments.ts";
import { describeAccess } from "./keep.ts";
import type { Place } from "./manifests.ts";
import { narrate } from "./narrate.ts";
import { openScreen, type Screen } from "./screen.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";
import { durationText } from "./text.ts";

const EXIT = { ok: 0, failed: 1, wrongArguments: 2, interrupted: 130 } as const;
const TIME_LIMIT_MS = 600_000;
const CLEAN_UP_MAX_MS = 90_000;
const LOG_LINES = 20;
/** StarRocks' daemons run so many times as fast: its phases are still seen. */
const STARROCKS_SPEED = 5;
const SQL_USER = "backup";

class Interrupted extends Error {
  override readonly name = "Interrupted" as const;
}

async function main(argv: readonly string[]): Promise<number> {
  let options: DemoOptions;
  try {
    options = parseArguments(argv);
  } catch (error) {
    console.error(`${describeError(error)}\n\n${HELP}`);
    return EXIT.wrongArguments;
  }
  if (options.help) {
    console.log(HELP);
    return EXIT.ok;
  }
  if (process.platform !== "linux") {
    console.error(
      "the demo needs Linux: its nodes are addresses of 127.0.0.0/8, all of which are there only on Linux",
    );
    return EXIT.failed;
  }
  const screen = openScreen(process.stdout, process.env);
  // Also when the process ends in a way that nobody thought of.
  process.once("exit", () => screen.close());
  const life = lifeOfProcess(screen);
  try {
    return await playIn(await mkdtemp(join(tmpdir(), "starrocks-demo-")), {
      options,
      screen,
      life,
    });
  } finally {
    screen.close();
  }
}

interface Play {
  readonly options: DemoOptions;
  readonly screen: Screen;
  readonly life: AbortController;
}

async function playIn(dir: string, play: Play): Promise<number> {
  const { screen, life } = play;
  let stage: Stage | undefined;
  let code: number;
  try {
    stage = await openStage(dir, play);
    code = await playStory(stage, play);
  } catch (error) {
    code = report(error, screen, life.signal, stage);
  }
  screen.show([]);
  return Math.max(code, await cleanUp(dir, screen, stage));
}

async function openStage(dir: string, { screen, life }: Play): Promise<Stage> {
  const startedMs = Date.now();
  const password = randomBytes(9).toString("base64url");
  const world = await World.start({
    dir,
    nodes: 3,
    starrocks: {
      speed: STARROCKS_SPEED,
      users: [{ name: SQL_USER, password, privileges: MINIMAL_PRIVILEGES }],
    },
  });
  return new Stage({ world, screen, life, startedMs, place: placeOf(world, password) });
}

function placeOf({ starrocks, s3 }: World, password: string): Place {
  const { accessKeyId, secretAccessKey } = s3;
  return {
    namespace: NAMESPACE,
    location: `s3://${s3.bucket}/starrocks`,
    endpoint: s3.endpoint,
    frontend: `${starrocks.mysql.host}:${starrocks.mysql.port}`,
    secrets: {
      "s3-credentials": { accessKeyId, secretAccessKey },
      "starrocks-backup-user": { user: SQL_USER, password },
    },
  };
}

async function playStory(stage: Stage, { options, screen, life }: Play): Promise<number> {
  const steps = story(options);
  const startedMs = Date.now();
  const limit = setTimeout(() => {
    life.abort(new Error(`not done within ${durationText(TIME_LIMIT_MS)}`));
  }, TIME_LIMIT_MS);
  try {
    for (const [i, { title, play }] of steps.entries()) {
      screen.say("", screen.paint("bold", `${i + 1}/${steps.length}  ${title}`));
      await play(stage);
      life.signal.throwIfAborted();
    }
  } finally {
    clearTimeout(limit);
  }
  screen.say("", `all as it should be, in ${durationText(Date.now() - startedMs)}`);
  if (options.keep) await keep(stage, life.signal);
  return EXIT.ok;
}

/** Until Ctrl-C, which is a good end then. */
async function keep(stage: Stage, signal: AbortSignal): Promise<void> {
  const { world, screen, manifestsDir, operatorLog } = stage;
  const { kubernetes, starrocks, s3 } = world;
  const access = {
    kubeconfig: kubernetes.kubeconfig,
    namespace: NAMESPACE,
    manifestsDir,
    operatorLog,
    mysql: starrocks.mysql,
    s3,
  };
  screen.say("", ...describeAccess(access), "", "it goes on until Ctrl-C");
  while (!signal.aborted) await sleep(60_000, undefined, { signal }).catch(() => {});
  if (!(signal.reason instanceof Interrupted)) throw signal.reason;
}

/** Says what was not as it should be, with all that helps to find out why; resolves to the exit code. */
function report(
  error: unknown,
  screen: Screen,
  signal: AbortSignal,
  stage: Stage | undefined,
): number {
  screen.show([]);
  // Whatever broke when everything was told to end is not the reason.
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (reason instanceof Interrupted) {
    screen.say("", `ended by ${reason.message}`);
    return EXIT.interrupted;
  }
  screen.say("", screen.paint("red", `✗ ${describeError(reason)}`));
  const watched = stage?.watched ?? [];
  if (watched.length > 0)
    screen.say("", "last seen:", ...watched.flatMap((r) => narrate(undefined, r)));
  const log = stage?.world.operatorLines.slice(-LOG_LINES) ?? [];
  if (log.length > 0) screen.say("", "the operator's last lines:", ...log);
  return EXIT.failed;
}

async function cleanUp(dir: string, screen: Screen, stage: Stage | undefined): Promise<number> {
  screen.show(["ending everything that was started …"]);
  const late = sleep(CLEAN_UP_MAX_MS, "late" as const, { ref: false });
  try {
    const end = await Promise.race([takeDown(dir, stage), late]);
    if (end === "late")
      throw new Error(`not everything ended within ${durationText(CLEAN_UP_MAX_MS)}`);
    screen.show([]);
    screen.say(`ended; ${dir} is removed`);
    return EXIT.ok;
  } catch (error) {
    screen.show([]);
    screen.say(
      screen.paint("red", `✗ clean-up: ${describeError(error)}; what is left lies in ${dir}`),
    );
    return EXIT.failed;
  }
}

async function takeDown(dir: string, stage: Stage | undefined): Promise<void> {
  await stage?.close();
  await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  const pids = stage?.world.kubernetes.pids ?? [];
  if (pids.length > 0) throw new Error(`pods' processes still run: ${pids.join(", ")}`);
}

/** Aborted by the first signal or by an error that nobody caught. Further signals wait for the clean-up. */
function lifeOfProcess(screen: Screen): AbortController {
  const life = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (life.signal.aborted) screen.say("everything is being ended; a moment");
      else life.abort(new Interrupted(name === "SIGINT" ? "Ctrl-C" : name));
    });
  }
  process.on("uncaughtException", (error) => life.abort(error));
  return life;
}

// What is left in the event loop by now belongs to nobody.
process.exit(await main(process.argv.slice(2)));
