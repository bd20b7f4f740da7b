import { expect } from "chai";
import { openScreen, PlainScreen, TerminalScreen, type Output, type Screen } from "./screen.ts";
import { Terminal } from "./testing/terminal.ts";
import { COLOURED, PLAIN } from "./text.ts";

describe("TerminalScreen", () => {
  it("repaints the live lines below those that stay", () => {
    const terminal = new Terminal();
    const screen = new TerminalScreen(terminal, PLAIN);
    screen.say("one");
    screen.show(["a 1", "b 1"]);
    screen.show(["a 2", "b 2", "c 2"]);
    screen.say("two", "three");
    expect(terminal.lines).to.deep.equal(["one", "two", "three", "a 2", "b 2", "c 2"]);
    screen.show(["a 3"]);
    expect(terminal.lines).to.deep.equal(["one", "two", "three", "a 3"]);
    screen.show([]);
    expect(terminal.lines).to.deep.equal(["one", "two", "three"]);
  });

  it("cuts live lines to the width, with their colours", () => {
    const terminal = new Terminal(10);
    const screen = new TerminalScreen(terminal, COLOURED);
    screen.show([COLOURED("green", "0123456789abc")]);
    screen.show([COLOURED("green", "0123456789abc")]);
    expect(terminal.lines).to.deep.equal(["01234567…"]);
  });

  it("erases what a narrower window has wrapped", () => {
    const terminal = new Terminal(20);
    const screen = new TerminalScreen(terminal, PLAIN);
    screen.say("stays");
    screen.show(["0123456789abcdef", "x"]);
    terminal.narrow(10);
    expect(terminal.lines).to.deep.equal(["stays", "0123456789", "abcdef", "x"]);
    screen.show(["0123456789abcdef", "y"]);
    expect(terminal.lines).to.deep.equal(["stays", "01234567…", "y"]);
  });

  it("shows the last live lines when the window is too low for all", () => {
    const terminal = new Terminal(20, 4);
    const screen = new TerminalScreen(terminal, PLAIN);
    screen.say("stays");
    screen.show(["1", "2", "3", "4", "5"]);
    screen.show(["1", "2", "3", "4", "6"]);
    expect(terminal.lines).to.deep.equal(["stays", "3", "4", "6"]);
  });

  it("hides the cursor while it lives, and gives it back once", () => {
    const terminal = new Terminal();
    const screen = new TerminalScreen(terminal, PLAIN);
    screen.show(["live"]);
    expect(terminal.cursorIsShown).to.equal(false);
    screen.close();
    screen.close();
    screen.show(["too late"]);
    screen.say("ended");
    expect(terminal.cursorIsShown).to.equal(true);
    expect(terminal.lines).to.deep.equal(["ended"]);
  });
});

describe("PlainScreen", () => {
  it("writes lines that stay and nothing else", () => {
    const output = new Recorder();
    const screen: Screen = new PlainScreen(output);
    screen.say(screen.paint("red", "one"), "two");
    screen.show(["live"]);
    screen.close();
    expect(output.text).to.equal("one\ntwo\n");
  });
});

describe("openScreen", () => {
  it("repaints on terminals alone", () => {
    expect(openScreen(new Recorder(), {}).isLive).to.equal(false);
    expect(openScreen(new Terminal(), { TERM: "dumb" }).isLive).to.equal(false);
    expect(openScreen(new Terminal(), { TERM: "xterm" }).isLive).to.equal(true);
  });

  it("honours NO_COLOR, which must not be empty", () => {
    const red = (env: Record<string, string>): string =>
      openScreen(new Terminal(), env).paint("red", "x");
    expect(red({ NO_COLOR: "1" })).to.equal("x");
    expect(red({ NO_COLOR: "" })).to.equal(COLOURED("red", "x"));
    expect(red({})).to.equal(COLOURED("red", "x"));
  });
});

class Recorder implements Output {
  text = "";

  write(text: string): void {
    this.text += text;
  }
}
