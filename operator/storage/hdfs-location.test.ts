import { expect } from "chai";
import { TerminalError } from "../errors.ts";
import { formatHdfsLocation, nameNodesOf, parseHdfsLocation } from "./hdfs-location.ts";

describe("parseHdfsLocation", () => {
  for (const [text, authority, path, shown] of [
    ["hdfs://ns1/a/b", "ns1", "/a/b", "hdfs://ns1/a/b"],
    ["hdfs://nn.example.org:8020/a/", "nn.example.org:8020", "/a", "hdfs://nn.example.org:8020/a"],
    ["hdfs://my_service", "my_service", "", "hdfs://my_service"],
    [
      "webhdfs://10.0.0.1:9870/ü %41+",
      "10.0.0.1:9870",
      "/ü %41+",
      "webhdfs://10.0.0.1:9870/ü %41+",
    ],
    ["swebhdfs://[::1]:9871/a", "[::1]:9871", "/a", "swebhdfs://[::1]:9871/a"],
  ] as const) {
    it(`reads ${text}`, () => {
      const location = parseHdfsLocation(text);
      expect(location).to.include({ authority, path });
      expect(formatHdfsLocation(location)).to.equal(shown);
    });
  }

  for (const [text, words] of [
    ["s3://bucket/a", "does not begin with hdfs://"],
    ["hdfs:///a", "names no host"],
    ["hdfs://eve:pw@ns1/a", "carries a user"],
    ["hdfs://na me/a", "no usable host"],
    ["webhdfs://host/a", "has no port"],
    ["hdfs://ns1/a//b", "empty or relative segment"],
    ["hdfs://ns1/../b", "empty or relative segment"],
    ["hdfs://ns1/a?delegation=x", "query or fragment"],
  ] as const) {
    it(`refuses ${text}, and says what to write`, () => {
      expect(() => parseHdfsLocation(text))
        .to.throw(TerminalError, words)
        .with.property("message")
        .that.includes("webhdfs://<host>:<port>/<folder>")
        .and.does.not.match(/eve|pw|delegation/);
    });
  }
});

describe("nameNodesOf", () => {
  const asked = (location: string, given?: readonly string[]) =>
    nameNodesOf(parseHdfsLocation(location), given).map((address) => address.href);

  it("asks the location's own host where the scheme says it speaks WebHDFS", () => {
    expect(asked("webhdfs://nn:9870/a")).to.deep.equal(["http://nn:9870/webhdfs/v1"]);
    expect(asked("swebhdfs://nn:9871/a")).to.deep.equal(["https://nn:9871/webhdfs/v1"]);
  });

  it("asks those that are given, in their order, gateways with their path", () => {
    const given = ["http://nn1:9870", "http://nn2:9870/", "https://knox:8443/gateway/default"];
    expect(asked("hdfs://ns1/a", given)).to.deep.equal([
      "http://nn1:9870/webhdfs/v1",
      "http://nn2:9870/webhdfs/v1",
      "https://knox:8443/gateway/default/webhdfs/v1",
    ]);
    expect(asked("hdfs://ns1/a", ["http://nn1:9870/webhdfs/v1/"])).to.deep.equal([
      "http://nn1:9870/webhdfs/v1",
    ]);
  });

  it("says that an hdfs:// location needs them", () => {
    expect(() => asked("hdfs://ns1/a")).to.throw(TerminalError, "hdfs.nameNodes");
  });

  for (const [address, words] of [
    ["nn1:9870", "no http:// or https:// address"],
    ["hdfs://nn1:8020", "no http:// or https:// address"],
    ["https://eve:pw@knox:8443", "carries a user or password"],
    ["https://knox:8443/?doAs=x", "query or fragment"],
  ] as const) {
    it(`refuses the address ${address}`, () => {
      expect(() => asked("hdfs://ns1/a", [address]))
        .to.throw(TerminalError, words)
        .with.property("message")
        .that.does.not.match(/eve|doAs/);
    });
  }
});
