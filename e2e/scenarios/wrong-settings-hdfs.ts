// Rows of the table for HDFS that small servers bring about. Exceptions and words are those of Hadoop 3.4's NameNode;
// what a real one can be brought to answer is in wrong-settings-servers.ts.
import type { RequestListener } from "node:http";
import {
  answering,
  answeringTls,
  answeringWith,
  nobody,
  refusingHdfs,
} from "../servers/answering.ts";
import { makeCertificate } from "../servers/authority.ts";
import type { Setting, WrongSetting } from "./wrong-settings.ts";

type Files = NonNullable<Setting["files"]>;

const PASSWORD: Files = { "credentials/user": "agent", "credentials/password": "not-this-one" };
const TOKEN: Files = { "credentials/delegationToken": "HAAEc29tZW9uZS10b2tlbg" };

function at(nameNodes: readonly string[], files: Files = {}): Setting {
  return { spec: { location: "hdfs://prod/backups", hdfs: { nameNodes, user: "agent" } }, files };
}

interface Plain extends Omit<WrongSetting, "arrange"> {
  readonly by: RequestListener;
  readonly files?: Files;
}

const ANSWERS: readonly Plain[] = [
  {
    name: "every NameNode is a standby",
    by: refusingHdfs(
      403,
      "StandbyException",
      "Operation category READ is not supported in state standby",
    ),
    reason: "NameNodeStandby",
    exitCode: 1,
    says: /name all NameNodes in hdfs\.nameNodes/,
  },
  {
    name: "the NameNode is in safe mode",
    by: refusingHdfs(403, "SafeModeException", "Cannot create file. Name node is in safe mode."),
    reason: "StoreReadOnly",
    exitCode: 1,
    says: /hdfs dfsadmin -safemode leave/,
  },
  {
    name: "the folder's quota is used up",
    by: refusingHdfs(
      403,
      "DSQuotaExceededException",
      "The DiskSpace quota of /backups is exceeded: quota = 1 B but diskspace consumed = 2 B",
    ),
    reason: "StorageFull",
    exitCode: 42,
    says: /make room in this folder, or raise its quota/,
  },
  {
    name: "the folder is another user's",
    by: refusingHdfs(
      403,
      "AccessControlException",
      'Permission denied: user=agent, access=WRITE, inode="/backups":root:supergroup:drwxr-xr-x',
    ),
    reason: "AccessDenied",
    exitCode: 42,
    says: /give hdfs\.user write permission on \/backups \(hdfs dfs -chown.* make the folders below it/,
  },
  {
    name: "no user is named",
    by: refusingHdfs(
      403,
      "AccessControlException",
      'Permission denied: user=dr.who, access=EXECUTE, inode="/backups":agent:agent:drwxr-x---',
    ),
    reason: "AccessDenied",
    exitCode: 42,
    says: /name the user in hdfs\.user/,
  },
  {
    name: "the folder's name holds words of other failures",
    by: refusingHdfs(
      403,
      "AccessControlException",
      'Permission denied: user=agent, access=WRITE, inode="/release":root:supergroup:drwxr-xr-x',
    ),
    reason: "AccessDenied",
    exitCode: 42,
    says: /give hdfs\.user write permission on \/release/,
  },
  {
    name: "the cluster wants Kerberos",
    by: answeringWith(401, "", { "www-authenticate": "Negotiate" }),
    reason: "WrongCredentials",
    exitCode: 42,
    says: /Kerberos, which is not supported: give a delegation token/,
  },
  {
    name: "the gateway knows another password",
    by: answeringWith(401, "", { "www-authenticate": 'Basic realm="Knox"' }),
    files: PASSWORD,
    reason: "WrongCredentials",
    exitCode: 42,
    says: /check the user and password/,
  },
  {
    name: "the delegation token is over",
    by: refusingHdfs(403, "InvalidToken", "token (token for agent) is expired"),
    files: TOKEN,
    reason: "CredentialsExpired",
    exitCode: 42,
    says: /put a new one into the Secret/,
  },
  {
    name: "the gateway may not act for the user",
    by: refusingHdfs(
      403,
      "AuthorizationException",
      "User: knox is not allowed to impersonate agent",
    ),
    files: PASSWORD,
    reason: "RoleRefused",
    exitCode: 42,
    says: /hadoop\.proxyuser/,
  },
  {
    name: "the address is the NameNode's RPC port",
    by: answeringWith(
      404,
      "It looks like you are making an HTTP request to a Hadoop IPC port. This is not the correct port for the web interface on this daemon.\r\n",
      { "content-type": "text/plain" },
    ),
    reason: "WrongEndpoint",
    exitCode: 42,
    says: /write the address of WebHDFS \(commonly http:\/\/<NameNode>:9870/,
  },
  {
    name: "the address is a page to log in at",
    by: answeringWith(200, "<!doctype html><title>Log in</title>", { "content-type": "text/html" }),
    reason: "WrongEndpoint",
    exitCode: 42,
    says: /write the address of WebHDFS/,
  },
];

export const HDFS_ROWS: readonly WrongSetting[] = [
  ...ANSWERS.map(({ by, files, ...row }): WrongSetting => ({
    ...row,
    arrange: async (ending) => {
      const servers = [await answering(by), await answering(by)];
      for (const server of servers) ending(() => server.stop());
      return at(
        servers.map(({ address }) => `http://${address}`),
        files,
      );
    },
  })),
  {
    name: "the certificate's authority is unknown",
    needs: "openssl",
    arrange: async (ending) => {
      const certificate = await makeCertificate("IP:127.0.0.1");
      const server = await answeringTls(refusingHdfs(500, "IOException", "too far"), certificate);
      ending(() => server.stop());
      return at([`https://${server.address}`]);
    },
    reason: "CertificateUntrusted",
    exitCode: 42,
    says: /connection\.caBundle/,
  },
  {
    name: "nobody is at any NameNode's address",
    arrange: async () => at([`http://${(await nobody()).address}`]),
    reason: "EndpointUnreachable",
    exitCode: 1,
    says: /check hdfs\.nameNodes/,
  },
];
