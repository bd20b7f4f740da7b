// S3 in the suite of faults. versitygw, which also finds damage, is in s3-faults.servers.test.ts.
import { startFauxqs } from "../../e2e/servers/fauxqs.ts";
import { storageFaults } from "./testing/faults.ts";
import { openFaultyS3, s3Faults } from "./testing/s3-faults.ts";

const kind = { isStrict: false };

storageFaults("S3 on fauxqs", s3Faults(kind), () => openFaultyS3(kind, () => startFauxqs()));
