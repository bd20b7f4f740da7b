// Cleans up after a run whose parent cannot: it is started first, hears nothing but the end of its input, and was told by
// then that all is done, or was not. It is in a session of its own, so that a Ctrl-C does not reach it.
import { text } from "node:stream/consumers";
import { cleanUp } from "./clean-up.ts";

const [, , folder = ""] = process.argv;
const said = await text(process.stdin);
if (said !== "done") await cleanUp(folder);
