// Rows of the table for Google Cloud Storage. What small servers answer here is what Google's documentation and
// clients show of its refusals: nobody of us has been refused by Google itself.
import { generateKeyPairSync } from "node:crypto";
import type { RequestListener } from "node:http";
import {
  answering,
  answeringTls,
  answeringWith,
  nobody,
  refusingGcs,
} from "../servers/answering.ts";
import { makeCertificate } from "../servers/authority.ts";
import type { Ending, Setting, WrongSetting } from "./wrong-settings.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const KEY = {
  type: "service_account",
  client_email: "backup@acme.iam.gserviceaccount.com",
  private_key_id: "1",
  private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
};

function at(endpoint: string, credentials: object = KEY): Setting {
  return {
    spec: { location: "gs://backups/starrocks", gcs: { endpoint } },
    files: { "credentials/credentials.json": JSON.stringify(credentials) },
  };
}

interface Plain extends Omit<WrongSetting, "arrange"> {
  readonly by: RequestListener;
}

const ANSWERS: readonly Plain[] = [
  {
    name: "the bucket does not exist",
    by: refusingGcs(404, "notFound", "The specified bucket does not exist."),
    reason: "NoSuchBucket",
    exitCode: 42,
    says: /create the bucket backups, or correct the location/,
  },
  {
    name: "a right is missing",
    by: refusingGcs(
      403,
      "forbidden",
      "backup@acme.iam.gserviceaccount.com does not have storage.objects.list access to the Google Cloud Storage bucket.",
    ),
    reason: "AccessDenied",
    exitCode: 42,
    says: /grant this identity storage\.objects\.list on the bucket backups/,
  },
  {
    name: "the key was deleted",
    by: refusingGcs(401, "authError", "Invalid Credentials"),
    reason: "WrongCredentials",
    exitCode: 42,
    says: /neither deleted nor disabled/,
  },
  {
    name: "the clock is wrong",
    by: refusingGcs(401, "authError", "Invalid Credentials", {
      date: "Wed, 01 Jan 2020 00:00:00 GMT",
    }),
    reason: "ClockSkew",
    exitCode: 1,
    says: /clock differs from Google's by \d+ s, so its tokens are refused: set it/,
  },
  {
    name: "the key of Cloud KMS may not be used",
    by: refusingGcs(403, "forbidden", "Permission denied on Cloud KMS key."),
    reason: "EncryptionKeyRefused",
    exitCode: 42,
    says: /roles\/cloudkms\.cryptoKeyEncrypterDecrypter/,
  },
  {
    name: "a retention policy keeps what is there",
    by: refusingGcs(403, "retentionPolicyNotMet", "Object is subject to bucket's retention policy"),
    reason: "StoreReadOnly",
    exitCode: 42,
    says: /use a bucket without/,
  },
  {
    name: "a quota is used up",
    by: refusingGcs(403, "quotaExceeded", "The quota is used up."),
    reason: "StorageFull",
    exitCode: 42,
    says: /raise the quota/,
  },
  {
    name: "the endpoint is a page to log in at",
    by: answeringWith(302, "", { location: "https://login.example/" }),
    reason: "WrongEndpoint",
    exitCode: 42,
    says: /correct gcs\.endpoint/,
  },
  {
    name: "the endpoint is another web server",
    by: answeringWith(404, "<!doctype html><title>Not found</title>", {
      "content-type": "text/html",
    }),
    reason: "WrongEndpoint",
    exitCode: 42,
    says: /correct gcs\.endpoint/,
  },
];

const fine = refusingGcs(500, "backendError", "nobody should have come this far");

async function behindTls(ending: Ending): Promise<Setting> {
  const server = await answeringTls(fine, await makeCertificate("IP:127.0.0.1"));
  ending(() => server.stop());
  return at(`https://${server.address}`);
}

export const GCS_ROWS: readonly WrongSetting[] = [
  ...ANSWERS.map(({ by, ...row }): WrongSetting => ({
    ...row,
    arrange: async (ending) => {
      const server = await answering(by);
      ending(() => server.stop());
      return at(`http://${server.address}`);
    },
  })),
  {
    name: "the certificate's authority is unknown",
    needs: "openssl",
    arrange: behindTls,
    reason: "CertificateUntrusted",
    exitCode: 42,
    says: /to connection\.caBundle/,
  },
  {
    name: "nobody is at the endpoint",
    arrange: async () => at(`http://${(await nobody()).address}`),
    reason: "EndpointUnreachable",
    exitCode: 1,
    says: /check the endpoint, and that the network/,
  },
  {
    name: "the Secret holds another kind of JSON",
    arrange: () => Promise.resolve(at("http://127.0.0.1:9", { type: "authorized_user" })),
    reason: "WrongCredentials",
    exitCode: 42,
    says: /give the JSON of a service account's key/,
  },
  {
    name: "the key is cut off",
    arrange: () =>
      Promise.resolve(
        at("http://127.0.0.1:9", { ...KEY, private_key: "-----BEGIN PRIVATE KEY-----" }),
      ),
    reason: "WrongCredentials",
    exitCode: 42,
    says: /take the JSON file as Google gave it/,
  },
];
