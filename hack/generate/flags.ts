// Prints docs/reference/flags.md: the operator's command line, from the table that reads it.
import { FLAGS } from "../../operator/config.ts";
import { code, row } from "./table.ts";

/** The text of `docs/reference/flags.md`. */
export function printFlags(): string {
  return [
    "<!-- Made from operator/config.ts by `npm run generate`. Do not edit. -->",
    "",
    "# Flags of the operator",
    "",
    "`npm run operator -- --flag=value …`; `--help` prints the same. All may be left out, none carries a secret. What belongs",
    "to one StarRocks or one storage is in its Repository. How to run it: [the operator](../operator.md).",
    "",
    row("flag", "default", "what it is", "example"),
    row("---", "---", "---", "---"),
    ...Object.entries(FLAGS).map(([name, { help, fallback, example }]) =>
      row(
        code(`--${name}`),
        fallback === "" ? "" : code(fallback),
        help,
        code(`--${name}=${example}`),
      ),
    ),
    "",
  ].join("\n");
}
