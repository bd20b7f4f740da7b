// storage.ts as tests: every promise of the contract, for any driver or decorator. One storage is
// opened for the suite; every test works in a folder of its own.
import { must } from "../../assert.ts";
import type { Storage } from "../storage.ts";
import { describeCopies } from "./contract-copy.ts";
import { describeListings } from "./contract-list.ts";
import { describeReads } from "./contract-read.ts";
import { describeUploads } from "./contract-upload.ts";
import { describeWrites } from "./contract-write.ts";

export interface Opened {
  readonly storage: Storage;
  /** Another client of the same place, as another process would be. Default: the storage itself. */
  readonly another?: (() => Storage) | undefined;
  readonly close: () => Promise<void>;
}

/** What a group of the contract's tests works on. Valid while a test runs. */
export interface Subject {
  readonly storage: () => Storage;
  readonly another: () => Storage;
  /** A key in the folder of the running test. */
  readonly key: (name: string) => string;
}

export function storageContract(name: string, open: () => Promise<Opened>): void {
  describe(`${name} keeps the storage contract`, () => {
    let opened: Opened | undefined;
    let folder = 0;

    before(async () => {
      opened = await open();
    });
    beforeEach(() => {
      folder += 1;
    });
    after(async () => {
      await opened?.close();
    });

    const subject: Subject = {
      storage: () => must(opened).storage,
      another: () => must(opened).another?.() ?? must(opened).storage,
      key: (name) => `contract/t${folder}/${name}`,
    };
    describeWrites(subject);
    describeUploads(subject);
    describeReads(subject);
    describeListings(subject);
    describeCopies(subject);
  });
}
