// `npm run promtool`: makes sure that there is a promtool for the tests of the alerts.
import { fetchPromtool, findPromtool } from "./alerts/promtool.ts";

if (findPromtool() === undefined) fetchPromtool();
console.log(findPromtool() ?? "there is no promtool");
