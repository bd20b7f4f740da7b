// S3 in the suite of faults, on a server that checks what arrives and lists its uploads itself.
import { describeWith } from "../../e2e/servers/installed.ts";
import { startVersitygw } from "../../e2e/servers/versitygw.ts";
import { storageFaults } from "./testing/faults.ts";
import { openFaultyS3, s3Faults } from "./testing/s3-faults.ts";

const kind = { isStrict: true };

describeWith("versitygw", "versitygw", () => {
  storageFaults("S3 on versitygw", s3Faults(kind), () => openFaultyS3(kind, startVersitygw));
});
