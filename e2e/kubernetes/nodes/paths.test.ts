import { expect } from "chai";
import { PathMap } from "./paths.ts";

const MAP = new PathMap({
  "/etc/config": "/here/pod/etc/config",
  "/etc/config/nested/": "/here/pod/nested",
  "/app/main.js": "/repo/main.ts",
  "/data": "/data/here",
  "/": "/never",
});

describe("the paths of a container", () => {
  const cases = [
    ["/etc/config", "/here/pod/etc/config"],
    ["/etc/config/agent.yaml", "/here/pod/etc/config/agent.yaml"],
    ["--config=/etc/config/agent.yaml", "--config=/here/pod/etc/config/agent.yaml"],
    ["/etc/config/nested/a", "/here/pod/nested/a"],
    ["/etc/config:/data", "/here/pod/etc/config:/data/here"],
    ["/app/main.js", "/repo/main.ts"],
    // Replaced once, though what comes out begins with a known path again.
    ["/data/x", "/data/here/x"],
    // Other paths.
    ["/etc/configs", "/etc/configs"],
    ["/etc/config-2", "/etc/config-2"],
    ["/app/main.js.map", "/app/main.js.map"],
    ["/opt/etc/config", "/opt/etc/config"],
    ["./etc/config", "./etc/config"],
    ["https://host/data/x", "https://host/data/x"],
    ["/", "/"],
  ] as const;
  for (const [inside, here] of cases) {
    it(`has ${inside} as ${here}`, () => {
      expect(MAP.rewrite(inside)).to.equal(here);
    });
  }

  it("knows which programs are its own", () => {
    expect(MAP.knows("/app/main.js")).to.equal(true);
    expect(MAP.knows("/data/tool")).to.equal(true);
    expect(MAP.knows("/bin/sh")).to.equal(false);
  });

  it("leaves everything alone when nothing is known", () => {
    expect(new PathMap({}).rewrite("/a /b")).to.equal("/a /b");
  });
});
