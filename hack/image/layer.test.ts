// Layers and archives: bytes that depend on the files alone, and that other programs read.
import { expect } from "chai";
import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { chmod, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { extract, pack } from "tar-stream";
import { must } from "../../operator/assert.ts";
import { CONFIG } from "./contents.ts";
import { packLayer, type Layer } from "./layer.ts";
import { writeArchive } from "./oci.ts";
import { unpack } from "./unpack.ts";

const sha256 = (bytes: Uint8Array | string): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

async function entriesOf(tar: Readable) {
  const found = new Map<string, { header: Record<string, unknown>; content: Buffer }>();
  const entries = extract();
  tar.pipe(entries);
  for await (const entry of entries) {
    found.set(entry.header.name, { header: { ...entry.header }, content: await buffer(entry) });
  }
  return found;
}

describe("an image's", () => {
  let dir = "";
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "image-"))));
  afterEach(() => rmSync(dir, { recursive: true }));

  /** The same files, made in this order and at this time. */
  async function makeFolder(name: string, files: readonly string[], time: Date): Promise<string> {
    const folder = join(dir, name);
    for (const file of files) {
      await mkdir(join(folder, file, ".."), { recursive: true });
      await writeFile(join(folder, file), `content of ${file}`);
      await chmod(join(folder, file), file.startsWith("bin/") ? 0o755 : 0o644);
      await utimes(join(folder, file), time, time);
    }
    await symlink("a", join(folder, "link"));
    return folder;
  }
  const FILES = ["bin/program", "b/a.txt", "a", `long/${"n".repeat(150)}.txt`];

  describe("layer", () => {
    it("is the same wherever and whenever its files were made", async () => {
      const one = await makeFolder("one", FILES, new Date(0));
      const two = await makeFolder("elsewhere", FILES.toReversed(), new Date("2030-01-01"));
      const a = await packLayer(one, join(dir, "a.gz"));
      const b = await packLayer(two, join(dir, "b.gz"));
      expect({ ...b, file: "" }).to.deep.equal({ ...a, file: "" });
      expect(readFileSync(b.file)).to.deep.equal(readFileSync(a.file));
    });

    it("is another when a file's content, name or mode is", async () => {
      const folder = await makeFolder("one", FILES, new Date(0));
      const digests = new Set<string>();
      const add = async () => digests.add((await packLayer(folder, join(dir, "x"))).digest);
      await add();
      await writeFile(join(folder, "a"), "other");
      await add();
      await chmod(join(folder, "a"), 0o755);
      await add();
      await mkdir(join(folder, "empty"));
      await add();
      expect(digests.size).to.equal(4);
    });

    it("says its digests and size, and gives all files to root", async () => {
      const folder = await makeFolder("one", FILES, new Date());
      const layer = await packLayer(folder, join(dir, "layer"));
      const bytes = readFileSync(layer.file);
      expect(layer).to.deep.include({ digest: sha256(bytes), size: bytes.length });
      expect(layer.diffId).to.equal(sha256(gunzipSync(bytes)));
      const entries = await entriesOf(Readable.from([gunzipSync(bytes)]));
      expect([...entries.keys()]).to.deep.equal(
        ["b", ...FILES, "bin", "link", "long"].toSorted((a, b) => (a < b ? -1 : 1)),
      );
      for (const { header } of entries.values()) {
        expect(header).to.deep.include({ uid: 0, gid: 0, uname: "", mtime: new Date(0) });
      }
      expect(entries.get("bin/program")?.header["mode"]).to.equal(0o755);
      expect(entries.get("link")?.header).to.deep.include({ type: "symlink", linkname: "a" });
    });

    it("fails with what cannot be read, and does not hang", async () => {
      const failure = await packLayer(join(dir, "nothing"), join(dir, "x")).then(
        () => undefined,
        (error: Error) => error.message,
      );
      expect(failure).to.contain("ENOENT");
    });
  });

  describe("archive", () => {
    const OPTIONS = { reference: "localhost/x:1", version: "1", createdSeconds: 86_400 };
    let layer: Layer;
    beforeEach(async () => {
      layer = await packLayer(await makeFolder("one", FILES, new Date()), join(dir, "layer"));
    });

    interface Descriptor {
      readonly digest: string;
      readonly size: number;
      readonly platform?: { readonly architecture: string };
      readonly annotations?: Readonly<Record<string, string>>;
    }
    interface Document {
      readonly manifests?: readonly Descriptor[];
      readonly config?: Descriptor;
      readonly layers?: readonly Descriptor[];
    }

    /** Every descriptor from index.json down, each checked against its blob; by its digest. */
    async function readArchive(file: string) {
      const entries = await entriesOf(createReadStream(file));
      const json = (name: string) =>
        JSON.parse(must(entries.get(name)).content.toString()) as Document;
      const seen = new Map<string, Document>();
      const visit = (descriptor: Descriptor, isJson: boolean): void => {
        const name = `blobs/${descriptor.digest.replace(":", "/")}`;
        const { content } = must(entries.get(name), `${name} is missing`);
        expect(sha256(content)).to.equal(descriptor.digest);
        expect(content.length).to.equal(descriptor.size);
        const document = isJson ? json(name) : {};
        seen.set(descriptor.digest, document);
        for (const one of document.manifests ?? []) visit(one, true);
        if (document.layers !== undefined) visit(must(document.config), true);
        for (const one of document.layers ?? []) visit(one, false);
      };
      const index = json("index.json");
      for (const one of must(index.manifests)) visit(one, true);
      expect(json("oci-layout")).to.deep.equal({ imageLayoutVersion: "1.0.0" });
      const blobs = [...entries.keys()].filter((name) => name.startsWith("blobs/"));
      expect(blobs.length).to.equal(seen.size);
      return { entries, index, seen };
    }

    it("is an OCI layout whose every digest and size is right", async () => {
      const file = join(dir, "image.tar");
      const written = await writeArchive(
        file,
        [{ architecture: "arm64", layers: [layer] }],
        OPTIONS,
      );
      const { index, seen } = await readArchive(file);
      const [top] = must(index.manifests);
      expect(top?.digest).to.equal(written.digest);
      expect(top?.annotations?.["io.containerd.image.name"]).to.equal("localhost/x:1");
      const manifest = must(seen.get(written.digest));
      expect(seen.get(must(manifest.config).digest)).to.deep.include({
        architecture: "arm64",
        os: "linux",
        created: "1970-01-02T00:00:00.000Z",
        rootfs: { type: "layers", diff_ids: [layer.diffId] },
      });
    });

    it("has Docker's own list, of the same blobs", async () => {
      const file = join(dir, "image.tar");
      await writeArchive(file, [{ architecture: "amd64", layers: [layer] }], OPTIONS);
      const { entries } = await readArchive(file);
      const list = JSON.parse(must(entries.get("manifest.json")).content.toString()) as {
        readonly Config: string;
      }[];
      expect(list).to.have.lengthOf(1);
      expect(list[0]).to.deep.include({
        RepoTags: ["localhost/x:1"],
        Layers: [`blobs/${layer.digest.replace(":", "/")}`],
      });
      const config = JSON.parse(
        must(entries.get(must(list[0]).Config)).content.toString(),
      ) as Record<string, object>;
      expect(config["config"]).to.deep.include(CONFIG);
    });

    it("of two platforms is an index, with what they share once", async () => {
      const file = join(dir, "image.tar");
      const images = (["amd64", "arm64"] as const).map((architecture) => ({
        architecture,
        layers: [layer],
      }));
      const written = await writeArchive(file, images, OPTIONS);
      const { index, seen } = await readArchive(file);
      expect(index.manifests?.map(({ digest }) => digest)).to.deep.equal([written.digest]);
      const platforms = seen.get(written.digest)?.manifests;
      expect(platforms?.map(({ platform }) => platform?.architecture)).to.deep.equal([
        "amd64",
        "arm64",
      ]);
      expect(written.platforms).to.deep.equal({
        amd64: platforms?.[0]?.digest,
        arm64: platforms?.[1]?.digest,
      });
      // The index, two manifests with their configs, one layer.
      expect(seen.size).to.equal(6);
    });
  });

  describe("files from an archive", () => {
    it("are only those that are wanted, readable for all", async () => {
      const tar = pack();
      tar.entry({ name: "./usr/bin/sh", mode: 0o4711 }, "a shell");
      tar.entry({ name: "./usr/lib/a.so", mode: 0o600, uid: 1000 }, "a library");
      tar.entry({ name: "./usr/lib/b.so", type: "symlink", linkname: "a.so" });
      tar.finalize();
      await unpack(tar as unknown as Readable, join(dir, "root"), (path) =>
        path.startsWith("usr/lib/") ? path : undefined,
      );
      const layer = await packLayer(join(dir, "root"), join(dir, "layer"));
      const entries = await entriesOf(Readable.from([gunzipSync(readFileSync(layer.file))]));
      expect([...entries.keys()]).to.deep.equal(["usr", "usr/lib", "usr/lib/a.so", "usr/lib/b.so"]);
      expect(entries.get("usr/lib/a.so")?.header["mode"]).to.equal(0o644);
    });

    for (const name of ["../outside", "a/../../outside", "/outside"]) {
      it(`never lead out of the folder: ${name}`, async () => {
        const tar = pack();
        tar.entry({ name }, "x");
        tar.finalize();
        const failure = await unpack(tar as unknown as Readable, dir, (path) => path).then(
          () => "nothing",
          (error: Error) => error.message,
        );
        expect(failure).to.contain("leads out of its folder");
      });
    }
  });
});
