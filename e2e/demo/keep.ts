// What --keep tells: how to reach everything with one's own clients. It prints credentials, those of
// servers on loopback addresses that end with the demo.

export interface Access {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly manifestsDir: string;
  readonly operatorLog: string;
  readonly mysql: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
  };
  readonly s3: {
    readonly endpoint: string;
    readonly bucket: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
}

export function describeAccess(access: Access): string[] {
  const { kubeconfig, namespace, manifestsDir, operatorLog, mysql, s3 } = access;
  return [
    "Kubernetes",
    `  export KUBECONFIG=${kubeconfig}`,
    "  kubectl get starrocks -A",
    `  kubectl -n ${namespace} describe backup shop`,
    `  kubectl -n ${namespace} get jobs,pods,services,events`,
    `  what was applied: ${manifestsDir}; change a name, and`,
    `  kubectl apply -f ${manifestsDir}/backup.yaml && kubectl get srbackup -A -w`,
    `  kubectl -n ${namespace} logs -f <pod>   while a job runs; the operator's log is a file:`,
    `  tail -f ${operatorLog}`,
    "",
    "SQL (the stand-in knows what a backup needs, and no data)",
    `  host ${mysql.host}, port ${mysql.port}, user ${mysql.user}, password ${mysql.password}`,
    `  mysql -h ${mysql.host} -P ${mysql.port} -u ${mysql.user} -p${mysql.password} -e 'SHOW BACKUP FROM shop'`,
    "",
    "S3 (path style, any region)",
    `  endpoint ${s3.endpoint}, bucket ${s3.bucket}, keys ${s3.accessKeyId} and ${s3.secretAccessKey}`,
    `  AWS_ACCESS_KEY_ID=${s3.accessKeyId} AWS_SECRET_ACCESS_KEY=${s3.secretAccessKey} AWS_REGION=us-east-1 \\`,
    `    aws --endpoint-url ${s3.endpoint} s3 ls --recursive s3://${s3.bucket}`,
  ];
}
