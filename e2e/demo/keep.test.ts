import { expect } from "chai";
import { describeAccess } from "./keep.ts";

describe("describeAccess", () => {
  it("tells all that kubectl, a SQL client and an S3 client need", () => {
    const text = describeAccess({
      kubeconfig: "/there/kubeconfig",
      namespace: "prod",
      manifestsDir: "/there/manifests",
      operatorLog: "/there/operator.log",
      mysql: { host: "127.77.1.2", port: 9030, user: "root", password: "sql-password" },
      s3: {
        endpoint: "http://127.0.0.1:9000",
        bucket: "backups",
        accessKeyId: "s3-id",
        secretAccessKey: "s3-key",
      },
    }).join("\n");
    expect(text).to.contain("export KUBECONFIG=/there/kubeconfig");
    expect(text).to.contain("kubectl get starrocks -A");
    expect(text).to.contain("tail -f /there/operator.log");
    expect(text).to.contain("mysql -h 127.77.1.2 -P 9030 -u root -psql-password");
    expect(text).to.contain("keys s3-id and s3-key");
    expect(text).to.contain("--endpoint-url http://127.0.0.1:9000 s3 ls --recursive s3://backups");
  });
});
