// What goes into the image, and what stays out.
import { expect } from "chai";
import { isWantedOfDebian, isWantedPackageFile } from "./contents.ts";

describe("of npm packages the image has", () => {
  for (const path of [
    "yaml/dist/index.js",
    "yaml/package.json",
    "@aws-sdk/core/dist-cjs/index.js",
    "@smithy/types/LICENSE",
    "some/docs/LICENSE.md",
    "logform/node_modules/@colors/colors/lib/index.js",
    // A folder that is called so for another reason.
    "@kubernetes/client-node/dist/gen/models/test/V1Pod.js",
  ]) {
    it(path, () => expect(isWantedPackageFile(path)).to.equal(true));
  }

  for (const path of [
    "yaml/dist/index.d.ts",
    "yaml/README.md",
    "winston/dist/winston.js.map",
    "@aws-sdk/core/dist-es/index.js",
    "@smithy/types/dist-types/index.js",
    "bare-fs/prebuilds/linux-x64/bare-fs.bare",
    "hpagent/test/hang-socket/runner.sh",
    "a/node_modules/@b/c/tests/x.js",
    "fast-uri/.npmignore",
    "fast-uri/.github/workflows/ci.yml",
  ]) {
    it(`not ${path}`, () => expect(isWantedPackageFile(path)).to.equal(false));
  }
});

describe("of Debian the image has", () => {
  const wants = (path: string): boolean => isWantedOfDebian(path, "x86_64-linux-gnu");
  for (const path of [
    "usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.33",
    "usr/lib/x86_64-linux-gnu/libc.so.6",
    "usr/lib64/ld-linux-x86-64.so.2",
    "usr/share/doc/libc6/copyright",
    "usr/share/common-licenses/GPL-3",
  ]) {
    it(path, () => expect(wants(path)).to.equal(true));
  }

  for (const path of [
    "usr/bin/sh",
    "usr/lib/x86_64-linux-gnu/gconv/UTF-16.so",
    "usr/lib/aarch64-linux-gnu/libc.so.6",
    "usr/lib/x86_64-linux-gnu/libcrypt.so.1",
    "usr/share/doc/libc6/changelog.gz",
  ]) {
    it(`not ${path}`, () => expect(wants(path)).to.equal(false));
  }
});
