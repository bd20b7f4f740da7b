import { describeWith } from "../servers/installed.ts";
import { startVersitygw } from "../servers/versitygw.ts";
import { thereAndBack } from "./there-and-back.ts";

describeWith("versitygw", "backup and restore, versitygw checking signatures and checksums", () => {
  thereAndBack({ server: () => startVersitygw() });
});
