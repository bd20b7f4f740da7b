// From settings to the identity that signs: keys that were given, or the process's own (the default
// chain: environment, web identity of IRSA, EKS Pod Identity, instance profile by IMDSv2), and on top of
// either a role. Everything that asks AWS goes the same way as the data: same authorities, same proxy.
//
// What would surprise: the client keeps keys for as long as they say and renews them five minutes before
// their end, failing every request when that fails. So it is told that ours are always over, and asks
// s3-identity.ts for each request.
import type { S3Client } from "@aws-sdk/client-s3";
import { hostname } from "node:os";
import type { Identity, IdentityDeps } from "./s3-identity.ts";
import { RenewedIdentity } from "./s3-identity.ts";
import { classifyChainError, classifyRoleError } from "./s3-identity-errors.ts";
import type { CredentialsSource, S3Credentials, S3Role, S3Settings } from "./s3-settings.ts";

/** How STS is reached: options of the client's request handler. */
export interface StsWay {
  readonly region: string;
  readonly requestHandler: object;
}

const SOURCE_EVERY_MS = 5_000;
const SESSION_SECONDS = 3_600;
const STS_ANSWER_MS = 10_000;
const METADATA = { timeout: 2_000, maxRetries: 3 };

/** With these a store says that the keys are none, or none any more. */
const REFUSALS: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "TokenRefreshRequired",
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "InvalidToken",
  "UnrecognizedClientException",
  "SignatureDoesNotMatch",
]);

/** The identity that these settings mean. Asks nobody yet. */
export function makeIdentity(
  settings: S3Settings,
  way: StsWay,
  deps: IdentityDeps,
): RenewedIdentity {
  const { credentials, role } = settings;
  const base =
    credentials === undefined ? ownIdentity(way, deps) : givenIdentity(credentials, deps);
  return role === undefined ? base : roleIdentity(role, base, { way, deps });
}

/** Makes a client sign with it, and sign anew, once, what was refused for the keys. */
export function signWith(
  client: Pick<S3Client, "middlewareStack">,
  identity: RenewedIdentity,
): void {
  client.middlewareStack.use(renewal(identity));
}

/** What a client takes as its credentials. */
export function credentialsOf(identity: RenewedIdentity): () => Promise<Identity> {
  return async () => ({ ...(await identity.get()), expiration: new Date(0) });
}

function givenIdentity(
  credentials: S3Credentials | CredentialsSource,
  deps: IdentityDeps,
): RenewedIdentity {
  if (typeof credentials !== "function") {
    return new RenewedIdentity(async () => reveal(credentials), deps);
  }
  return new RenewedIdentity(async () => reveal(await credentials()), deps, SOURCE_EVERY_MS);
}

function ownIdentity(way: StsWay, deps: IdentityDeps): RenewedIdentity {
  return new RenewedIdentity(async (renewal) => {
    const { fromNodeProviderChain } = await import("@aws-sdk/credential-providers");
    // A new one each time: it would keep what it found, also what was refused since.
    const chain = fromNodeProviderChain({
      ...METADATA,
      roleSessionName: process.env["AWS_ROLE_SESSION_NAME"] ?? sessionName(hostname()),
      clientConfig: stsConfig(way, undefined),
    });
    return chain().catch((error: unknown) => {
      throw classifyChainError(error, renewal);
    });
  }, deps);
}

function roleIdentity(
  role: S3Role,
  base: RenewedIdentity,
  { way, deps }: { readonly way: StsWay; readonly deps: IdentityDeps },
): RenewedIdentity {
  const { webIdentityTokenFile } = role;
  const take =
    webIdentityTokenFile === undefined
      ? assumeRole(role, base, way)
      : assumeByToken(role, webIdentityTokenFile, way);
  return new RenewedIdentity(
    () =>
      take().catch((error: unknown) => {
        throw classifyRoleError(error, role);
      }),
    deps,
  );
}

function assumeRole(role: S3Role, base: RenewedIdentity, way: StsWay): () => Promise<Identity> {
  const { externalId } = role;
  let take: (() => Promise<Identity>) | undefined;
  return async () => {
    const { fromTemporaryCredentials } = await import("@aws-sdk/credential-providers");
    take ??= fromTemporaryCredentials({
      masterCredentials: credentialsOf(base),
      clientPlugins: [renewal(base)],
      params: {
        RoleArn: role.arn,
        RoleSessionName: sessionName(hostname()),
        DurationSeconds: role.sessionSeconds ?? SESSION_SECONDS,
        ...(externalId === undefined ? {} : { ExternalId: externalId }),
      },
      clientConfig: stsConfig(way, role.stsEndpoint),
    });
    return take();
  };
}

function assumeByToken(role: S3Role, tokenFile: string, way: StsWay): () => Promise<Identity> {
  return async () => {
    const { fromTokenFile } = await import("@aws-sdk/credential-providers");
    const take = fromTokenFile({
      webIdentityTokenFile: tokenFile,
      roleArn: role.arn,
      roleSessionName: sessionName(hostname()),
      durationSeconds: role.sessionSeconds ?? SESSION_SECONDS,
      clientConfig: stsConfig(way, role.stsEndpoint),
    });
    return take();
  };
}

function stsConfig(way: StsWay, endpoint: string | undefined) {
  const requestHandler = patient(way);
  return { region: way.region, requestHandler, ...(endpoint === undefined ? {} : { endpoint }) };
}

/** STS answers at once or not at all: a renewal must not wait for it for ever. */
function patient({ requestHandler }: StsWay): object {
  return { ...requestHandler, requestTimeout: STS_ANSWER_MS, throwOnRequestTimeout: true };
}

/** What an audit log (CloudTrail) shows beside each request: whose agent it was. */
export function sessionName(host: string): string {
  return `starrocks-backup-${host.replaceAll(/[^\w+=,.@-]/g, "-")}`.slice(0, 64);
}

function reveal({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials): Identity {
  return {
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
  };
}

type Plugin = Parameters<S3Client["middlewareStack"]["use"]>[0];

/** At the first step, because signing comes after it: the second try is built, signed and sent anew. */
function renewal(identity: RenewedIdentity): Plugin {
  return {
    applyToStack: (stack) => {
      stack.add(
        (next, { commandName = "" }) =>
          async (args) => {
            const used = await identity.get();
            try {
              return await next(args);
            } catch (error) {
              if (!refusesKeys(error, commandName) || !(await identity.renewRefused(used))) {
                throw error;
              }
              return next(args);
            }
          },
        { step: "initialize", name: "renewRefusedCredentials", override: true },
      );
    },
  };
}

function refusesKeys(error: unknown, commandName: string): boolean {
  if (!(error instanceof Error)) return false;
  if (REFUSALS.has(error.name)) return true;
  // An answer to HEAD has no words; a bare 400 is how an expired token looks there.
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return commandName.startsWith("Head") && $metadata?.httpStatusCode === 400;
}
