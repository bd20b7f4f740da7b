import { expect } from "chai";
import { tokenize } from "../../e2e/starrocks/sql/lexer.ts";
import { FrontendError } from "./frontend.ts";
import {
  quoteAddress,
  quoteLabel,
  quoteSnapshot,
  quoteName,
  quoteText,
  quoteTimestamp,
  requireCount,
} from "./quoting.ts";

const HOSTILE = [
  "orders`; DROP TABLE users; --",
  "``",
  "a`b``c",
  'it\'s "quoted"',
  "back\\slash",
  "ends in backslash\\",
  "\\' OR 1 = 1 --",
  "100%_done",
  "select",
  "1st",
  "表",
  "emoji 😀",
  "/* comment */",
  "semi;colon",
  " blank ",
];

function refusal(quote: () => string): FrontendError {
  try {
    quote();
  } catch (error) {
    if (error instanceof FrontendError) return error;
    throw error;
  }
  throw new Error("it was quoted");
}

describe("quoting", () => {
  for (const name of HOSTILE) {
    it(`keeps ${JSON.stringify(name)} one token with its own text`, () => {
      const [identifier, end] = tokenize(quoteName("table", name));
      expect([identifier?.kind, identifier?.text, end?.kind]).to.deep.equal([
        "quoted",
        name,
        "end",
      ]);
      const [text, endOfText] = tokenize(quoteText("value", name));
      expect([text?.kind, text?.text, endOfText?.kind]).to.deep.equal(["string", name, "end"]);
    });
  }

  const refused: readonly (readonly [string, () => string, string])[] = [
    ["an empty name", () => quoteName("table", ""), "a table name is empty"],
    ["a newline", () => quoteName("table", "a\nb"), "has a control character"],
    ["a NUL", () => quoteName("partition", "a\0"), "has a control character"],
    ["a C1 control", () => quoteText("value", "\u0085"), "has a control character"],
    ["a line separator", () => quoteText("value", "\u2028"), "has a control character"],
    ["a lone surrogate", () => quoteName("table", "a\ud800"), "is not valid Unicode"],
    ["a long database name", () => quoteName("database", "d".repeat(257)), "StarRocks takes 256"],
    ["a long table name", () => quoteName("table", "t".repeat(1025)), "StarRocks takes 1024"],
    ["a long text", () => quoteText("value", "v".repeat(4097)), "has 4097 characters"],
    ["a repository with a dash", () => quoteName("repository", "r-2"), "cannot be a repository"],
    ["a repository that is a number", () => quoteName("repository", "1r"), "begin with a letter"],
    ["a broker with a back-quote", () => quoteName("broker", "b`"), "cannot be a broker name"],
    ["an empty label", () => quoteLabel(""), "1 to 60"],
    ["a label with a dash", () => quoteLabel("a-b"), "1 to 60"],
    ["a label of 61", () => quoteLabel("l".repeat(61)), "1 to 60"],
    ["a label with a slash", () => quoteLabel("../x"), "1 to 60"],
    ["a snapshot with a slash", () => quoteSnapshot("../x"), "1 to 128"],
    ["a snapshot of 129", () => quoteSnapshot("l".repeat(129)), "1 to 128"],
    ["an address without port", () => quoteAddress("host"), "is not host:port"],
    ["an address with port 0", () => quoteAddress("host:0"), "is not host:port"],
    ["an address with port 65536", () => quoteAddress("host:65536"), "is not host:port"],
    ["an address with a quote", () => quoteAddress("ho'st:1"), "is not host:port"],
    ["a timestamp of SHOW", () => quoteTimestamp("2026-01-01 00:00:00"), "yyyy-MM-dd-HH-mm-ss-SSS"],
    ["a count of zero", () => requireCount("it", 0, 1), "at least 1"],
    ["a fraction", () => requireCount("it", 1.5, 1), "a whole number"],
    ["not a number", () => requireCount("it", Number.NaN, 1), "it is NaN"],
  ];
  for (const [what, quote, text] of refused) {
    it(`refuses ${what} and says why`, () => {
      const error = refusal(quote);
      expect([error.reason, error.heals]).to.deep.equal(["RequestInvalid", false]);
      expect(error.message).to.include(text);
    });
  }

  it("shows no more than the beginning of what it refuses", () => {
    expect(refusal(() => quoteName("table", `${"x".repeat(5000)}\n`)).message.length).to.be.below(
      250,
    );
  });

  it("takes what is allowed up to the limit", () => {
    expect(quoteLabel("l".repeat(60))).to.have.length(62);
    expect(quoteName("repository", "k8s_1a2b3c4d_0")).to.equal("`k8s_1a2b3c4d_0`");
    expect(quoteAddress("slot-0.backup.svc:8000")).to.equal("'slot-0.backup.svc:8000'");
    expect(quoteAddress("[fd00::1]:8000")).to.equal("'[fd00::1]:8000'");
    expect(quoteTimestamp("2026-11-21-10-46-37-484")).to.equal("'2026-11-21-10-46-37-484'");
  });
});
