import { expect } from "chai";
import { TerminalError } from "../errors.ts";
import { COMMANDS, helpText, parseArguments } from "./arguments.ts";

const SERVE = [
  "serve",
  "--config=c",
  "--mode=backup",
  "--label=s1",
  "--attempt=a1",
  "--backup-uid=u1",
  "--mount-location=backup://mount",
  "--mount-repository=k8s_j1",
  `--token-sha256=${"0".repeat(64)}`,
];

describe("parseArguments", () => {
  it("reads a command's flags and fills in what may be left out", () => {
    const args = parseArguments(SERVE);
    expect(args.command).to.equal("serve");
    expect(args.flags).to.include({ mode: "backup", listen: "0.0.0.0:8000", annotations: "" });
    expect(args.flags["log-level"]).to.equal("info");
  });

  const wrong: readonly { name: string; argv: readonly string[]; says: string }[] = [
    { name: "no such command", argv: ["backup"], says: "there are: serve, probe" },
    { name: "a missing flag", argv: ["catalog"], says: "--config is missing" },
    {
      name: "a flag of another command",
      argv: ["catalog", "--config=c", "--label=x"],
      says: "label",
    },
    {
      name: "a missing flag of its own",
      argv: ["prune", "--config=c"],
      says: "--label is missing",
    },
    {
      name: "a value that is not understood",
      argv: [...SERVE, "--mode=upload"],
      says: "--mode=upload is not understood",
    },
    {
      name: "a mount location with a slash at its end",
      argv: [...SERVE, "--mount-location=backup://mount/"],
      says: "for example backup://mount",
    },
    {
      name: "a token instead of its digest",
      argv: [...SERVE, "--token-sha256=secret"],
      says: "SHA-256",
    },
    {
      name: "a deadline of no time at all",
      argv: [...SERVE, "--deadline-seconds=0"],
      says: "for example 25",
    },
    { name: "a word too many", argv: ["catalog", "--config=c", "x"], says: "x" },
  ];
  for (const { name, argv, says } of wrong) {
    it(`refuses ${name} and says what to write`, () => {
      expect(() => parseArguments(argv)).to.throw(TerminalError, says);
    });
  }

  it("does not repeat a token that was given instead of its digest", () => {
    expect(() => parseArguments([...SERVE, "--token-sha256=hunter2"]))
      .to.throw(TerminalError, "--token-sha256 is not understood")
      .with.property("message")
      .that.does.not.contain("hunter2");
  });

  it("names every command and flag in its help", () => {
    const help = helpText();
    for (const [name, command] of Object.entries(COMMANDS)) {
      expect(help).to.contain(name);
      for (const flag of Object.keys(command.flags)) expect(help).to.contain(`--${flag}`);
    }
  });
});
