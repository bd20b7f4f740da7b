// What is said of a kind that nobody defined: not what is said of an object that is not there. A Repository that names a
// StarRocksCluster tells by it whether the StarRocks operator is missing, or the cluster.
import { expect } from "chai";
import { API_VERSION } from "../../../operator/api/group.ts";
import { REPOSITORY } from "../../../operator/api/kinds.ts";
import { apiErrorFrom } from "../../../operator/runtime/api-errors.ts";
import type { AskedApi } from "./asked.ts";

const PATHS: readonly (readonly [what: string, path: string, reason: string])[] = [
  [
    "an object of a kind that is defined",
    `/apis/${API_VERSION}/namespaces/default/${REPOSITORY.plural}/none`,
    "NotFound",
  ],
  [
    "a kind of a group that is not there",
    "/apis/starrocks.com/v1/namespaces/default/starrocksclusters/prod",
    "UnknownResource",
  ],
  [
    "a version that is not there",
    "/apis/backup.starrocks.io/v9/namespaces/default/backups/none",
    "UnknownResource",
  ],
  [
    "a kind that its group has not",
    `/apis/${API_VERSION}/namespaces/default/nothings/none`,
    "UnknownResource",
  ],
];

export function describeUnknownKinds(api: () => AskedApi): void {
  describe("what is not there", () => {
    for (const [what, path, reason] of PATHS) {
      it(`is told apart: ${what}`, async () => {
        const response = await fetch(api().url + path);
        const answer = { status: response.status, text: await response.text() };
        expect(answer.status, answer.text).to.equal(404);
        expect(apiErrorFrom(answer, answer.text, "get").reason, answer.text).to.equal(reason);
      });
    }
  });
}
