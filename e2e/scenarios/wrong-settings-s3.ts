// Rows of the table for S3 that small servers on loopback bring about: nobody can turn the clock of a real store, or
// end its certificate, on demand. Those that a real store can refuse are in wrong-settings-servers.ts.
import type { RequestListener } from "node:http";
import type { Answering } from "../servers/answering.ts";
import {
  answering,
  answeringTls,
  answeringWith,
  emptyS3,
  greeting,
  nobody,
  refusingS3,
} from "../servers/answering.ts";
import { makeCertificate } from "../servers/authority.ts";
import type { Ending, Setting, WrongSetting } from "./wrong-settings.ts";

export const S3_KEYS = {
  "credentials/accessKeyId": "AKIAEXAMPLE",
  "credentials/secretAccessKey": "wJalrXUtnFEMIexample",
} as const;

const LOCATION = "s3://backups/starrocks";
const PAGE = "<!doctype html><title>Console</title>";

interface Plain {
  readonly name: string;
  readonly by: RequestListener;
  readonly reason: WrongSetting["reason"];
  readonly exitCode?: 1 | 42;
  readonly says: RegExp;
}

/** What a store that speaks S3 answers, whatever it is asked. */
const ANSWERS: readonly Plain[] = [
  {
    name: "the region is another",
    by: refusingS3(301, "PermanentRedirect", "Use the endpoint of the bucket's region", {
      "x-amz-bucket-region": "eu-west-1",
    }),
    reason: "WrongRegion",
    says: /set s3\.region to eu-west-1/,
  },
  {
    name: "the session token is over",
    by: refusingS3(400, "ExpiredToken", "The provided token has expired."),
    reason: "CredentialsExpired",
    says: /renew it/,
  },
  {
    name: "the clock is wrong",
    by: refusingS3(403, "RequestTimeTooSkewed", "The difference is too large."),
    reason: "ClockSkew",
    exitCode: 1,
    says: /clock differs too much from the store's: set it/,
  },
  {
    name: "the store takes no more than a quota",
    by: emptyS3(refusingS3(403, "QuotaExceeded", "The quota of the bucket is reached.")),
    reason: "StorageFull",
    says: /raise its quota/,
  },
  {
    name: "the store's disks are full",
    by: emptyS3(refusingS3(507, "XMinioStorageFull", "Storage backend has reached its minimum.")),
    reason: "StorageFull",
    says: /make room in the store/,
  },
  {
    name: "the bucket keeps its objects from being changed",
    by: emptyS3(
      refusingS3(403, "AccessDenied", "Access Denied because object protected by object lock."),
    ),
    reason: "StoreReadOnly",
    says: /take the retention \(object lock\) off/,
  },
  {
    name: "a right to write is missing",
    by: emptyS3(refusingS3(403, "AccessDenied", "Access Denied.")),
    reason: "AccessDenied",
    says: /grant these credentials s3:PutObject on the bucket backups/,
  },
  {
    name: "the key of KMS is another account's",
    by: emptyS3(refusingS3(400, "KMS.NotFoundException", "Invalid keyId alias/backups")),
    reason: "EncryptionKeyRefused",
    says: /let these credentials use the KMS key/,
  },
  {
    name: "the storage class is not known",
    by: emptyS3(
      refusingS3(400, "InvalidStorageClass", "The storage class you specified is not valid"),
    ),
    reason: "WrongConfiguration",
    says: /set a storage class that this store has/,
  },
  {
    name: "http is written where https is spoken, to a server in Go",
    by: answeringWith(400, "Client sent an HTTP request to an HTTPS server.\n", {
      "content-type": "text/plain; charset=utf-8",
    }),
    reason: "WrongEndpoint",
    says: /whether it is http or https/,
  },
  {
    name: "http is written where https is spoken, to nginx",
    by: answeringWith(
      400,
      "<html><title>400 The plain HTTP request was sent to HTTPS port</title>",
      {
        "content-type": "text/html",
      },
    ),
    reason: "WrongEndpoint",
    says: /whether it is http or https/,
  },
  {
    name: "the endpoint is a console",
    by: answeringWith(200, PAGE, { "content-type": "text/html" }),
    reason: "WrongEndpoint",
    says: /does not speak S3: check the endpoint's host and port/,
  },
  {
    name: "the endpoint is a page to log in at",
    by: answeringWith(302, "", { location: "https://login.example/" }),
    reason: "WrongEndpoint",
    says: /does not speak S3: check the endpoint's host and port/,
  },
];

function at(address: string, more: Partial<Setting["spec"]> = {}, scheme = "http"): Setting {
  const s3 = { endpoint: `${scheme}://${address}`, region: "us-east-1" };
  return { spec: { location: LOCATION, s3, ...more }, files: S3_KEYS };
}

async function kept(ending: Ending, server: Promise<Answering>): Promise<string> {
  const started = await server;
  ending(() => started.stop());
  return started.address;
}

const fine = refusingS3(500, "InternalError", "nobody should have come this far");

const CA = { connection: { caBundle: { configMap: { name: "ca" } } } };

/** A store with a certificate; `known`: the agents have its authority. */
async function behindTls(
  ending: Ending,
  wish: { readonly name: string; readonly days?: number; readonly known: boolean },
): Promise<Setting> {
  const certificate = await makeCertificate(wish.name, wish.days);
  const setting = at(
    await kept(ending, answeringTls(fine, certificate)),
    wish.known ? CA : {},
    "https",
  );
  return { ...setting, files: { ...S3_KEYS, "ca/ca.crt": certificate.bundle } };
}

async function behindProxy(ending: Ending, by: RequestListener, scheme: string): Promise<Setting> {
  const address = await kept(ending, answering(by));
  const proxy = { url: `http://${address}`, credentialsSecret: { name: "proxy" } };
  const files = { ...S3_KEYS, "proxy/user": "agent", "proxy/password": "not-this-one" };
  return { ...at("store.example:9000", { connection: { proxy } }, scheme), files };
}

const OTHERS: readonly WrongSetting[] = [
  {
    name: "the certificate's authority is unknown",
    needs: "openssl",
    arrange: (ending) => behindTls(ending, { name: "IP:127.0.0.1", known: false }),
    reason: "CertificateUntrusted",
    exitCode: 42,
    says: /into connection\.caBundle/,
  },
  {
    name: "the certificate has another name",
    needs: "openssl",
    arrange: (ending) => behindTls(ending, { name: "DNS:store.example", known: true }),
    reason: "CertificateUntrusted",
    exitCode: 42,
    says: /write the endpoint with a name that its certificate is for/,
  },
  {
    name: "the certificate is over",
    needs: "openssl",
    arrange: (ending) => behindTls(ending, { name: "IP:127.0.0.1", days: -1, known: true }),
    reason: "CertificateUntrusted",
    exitCode: 42,
    says: /certificate must be renewed/,
  },
  {
    name: "the CA bundle holds no certificate",
    arrange: () =>
      Promise.resolve({ ...at("127.0.0.1:9", CA, "https"), files: { "ca/ca.crt": "REPLACE_ME" } }),
    reason: "WrongConfiguration",
    exitCode: 42,
    says: /put there the certificates \(PEM/,
  },
  {
    name: "https is written where http is spoken",
    arrange: async (ending) => at(await kept(ending, answering(fine)), {}, "https"),
    reason: "WrongEndpoint",
    exitCode: 42,
    says: /whether it is http or https/,
  },
  {
    name: "the endpoint is no HTTP server",
    arrange: async (ending) => at(await kept(ending, greeting("SSH-2.0-OpenSSH_9.9\r\n"))),
    reason: "WrongEndpoint",
    exitCode: 42,
    says: /check the endpoint's host and port/,
  },
  {
    name: "nobody is at the endpoint",
    arrange: async (ending) => at(await kept(ending, nobody())),
    reason: "EndpointUnreachable",
    exitCode: 1,
    says: /check the endpoint \(and connection\.proxy/,
  },
  {
    name: "the proxy wants another password",
    arrange: (ending) => behindProxy(ending, answeringWith(407, "", {}), "http"),
    reason: "ProxyRefused",
    exitCode: 42,
    says: /check connection\.proxy: its address, and the user and password/,
  },
  {
    name: "the proxy opens no way for TLS",
    // Of a CONNECT that a server does not know Node says nothing and closes.
    arrange: (ending) => behindProxy(ending, answeringWith(200, "", {}), "https"),
    reason: "EndpointUnreachable",
    exitCode: 1,
    says: /connection\.proxy/,
  },
];

export const S3_ROWS: readonly WrongSetting[] = [
  ...ANSWERS.map(({ by, exitCode = 42, ...row }): WrongSetting => ({
    ...row,
    exitCode,
    arrange: async (ending) => at(await kept(ending, answering(by))),
  })),
  ...OTHERS,
];
