// moto, AWS in one Python process: S3 with STS and IAM, which checks signatures, policies and trust
// policies once it is set up. It shows that credentials and roles work as AWS wants them; it is not the
// place for bytes: it checks no checksums and keeps all in memory. Kinder than AWS, as measured with
// 5.2.5: an omitted external ID is accepted (a wrong one is refused), a web identity's token is not
// verified, and sessions never end. Poorer: with checks on it fails at a web identity and at a role that
// is not there (500).
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "../../operator/assert.ts";
import { requireServer } from "./installed.ts";
import { LOOPBACK, freePort } from "./loopback.ts";
import type { S3Server } from "./s3-server.ts";

/** Python reads hundreds of files before it listens. */
const READY_MS = 180_000;
const ACCOUNT = "123456789012";

/** Its keys may take the role on and nothing else; the role may read, write and list the bucket. */
export interface Moto extends S3Server {
  readonly roleArn: string;
  readonly externalId: string;
  /** Exists, and trusts somebody else. */
  readonly foreignRoleArn: string;
  /** Keys of a user without any right. */
  readonly poor: Keys;
  /** By the names in {@link MotoOptions.policies}. */
  readonly users: Readonly<Record<string, Keys>>;
}

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface MotoOptions {
  /** Every call is good, whoever signed it, as web identities need it here. Default false. */
  readonly unchecked?: boolean;
  /** Of further users, each with one policy and nothing else. */
  readonly policies?: Readonly<Record<string, object>>;
}

export async function startMoto(options: MotoOptions = {}): Promise<Moto> {
  const port = await freePort();
  const endpoint = `http://${LOOPBACK}:${port}`;
  const child = spawn(requireServer("moto"), ["-H", LOOPBACK, "-p", String(port)], {
    stdio: "ignore",
  });
  // A test run that ends early must not leave it behind.
  process.once("exit", () => child.kill("SIGKILL"));
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  try {
    await untilReady(child, `${endpoint}/moto-api/data.json`);
    const made = await setUp(endpoint, options.policies ?? {});
    if (options.unchecked !== true) {
      await fetch(`${endpoint}/moto-api/reset-auth`, { method: "POST", body: "0" });
    }
    return { ...made, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function setUp(
  endpoint: string,
  policies: Readonly<Record<string, object>>,
): Promise<Omit<Moto, "stop">> {
  const [bucket, externalId] = ["backups", "the-external-id"];
  const created = await fetch(`${endpoint}/${bucket}`, { method: "PUT" });
  if (!created.ok) throw new Error(`moto made no bucket ${bucket}: ${created.status}`);
  const iam = (action: string, parameters: Readonly<Record<string, string>>) =>
    askIam(endpoint, action, parameters);
  const keysOf = async (user: string) => {
    await iam("CreateUser", { UserName: user });
    const answer = await iam("CreateAccessKey", { UserName: user });
    return {
      accessKeyId: tagOf(answer, "AccessKeyId"),
      secretAccessKey: tagOf(answer, "SecretAccessKey"),
    };
  };
  const makeRole = async (role: string, trusted: object) => {
    const AssumeRolePolicyDocument = policy([{ Effect: "Allow", ...trusted }]);
    await iam("CreateRole", { RoleName: role, AssumeRolePolicyDocument });
    return `arn:aws:iam::${ACCOUNT}:role/${role}`;
  };
  const keys = await keysOf("agent");
  const poor = await keysOf("poor");
  const users: Record<string, Keys> = {};
  for (const [i, [name, document]] of Object.entries(policies).entries()) {
    const user = `user-${i}`;
    users[name] = await keysOf(user);
    const PolicyDocument = JSON.stringify(document);
    await iam("PutUserPolicy", { UserName: user, PolicyName: "only", PolicyDocument });
  }
  const roleArn = await makeRole("backup", {
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/agent` },
    Action: ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"],
    Condition: { StringEquals: { "sts:ExternalId": externalId } },
  });
  const foreignRoleArn = await makeRole("foreign", {
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/somebody` },
    Action: "sts:AssumeRole",
  });
  await iam("PutUserPolicy", {
    UserName: "agent",
    PolicyName: "assume",
    PolicyDocument: policy([{ Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" }]),
  });
  await iam("PutRolePolicy", {
    RoleName: "backup",
    PolicyName: "bucket",
    PolicyDocument: policy([
      { Effect: "Allow", Action: "s3:ListBucket", Resource: `arn:aws:s3:::${bucket}` },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject"],
        Resource: `arn:aws:s3:::${bucket}/*`,
      },
    ]),
  });
  return { endpoint, bucket, ...keys, roleArn, externalId, foreignRoleArn, poor, users };
}

/** Moto finds the service by what a request was signed for; the signature is not looked at yet. */
async function askIam(
  endpoint: string,
  action: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const authorization =
    "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=any";
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: { authorization },
    body: new URLSearchParams({ Action: action, Version: "2010-05-08", ...parameters }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`moto answered ${action} with ${answer.status}: ${text}`);
  return text;
}

function policy(statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

function tagOf(xml: string, tag: string): string {
  return must(new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1], tag);
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`moto ended with ${child.exitCode}`);
    const ready = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    if (performance.now() > deadline) throw new Error(`moto is not up after ${READY_MS} ms`);
    await sleep(100);
  }
}
