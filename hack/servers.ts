// `npm run servers`: gets the storage servers that `npm run test:servers` runs on, those of them that are not there yet.
import { serversFolder } from "../e2e/servers/installed.ts";
import { getServers, parse, USAGE } from "./servers/main.ts";
import { RECIPES } from "./servers/recipes.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const asked = parse(process.argv.slice(2), RECIPES);
if (asked === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else if (!(await getServers(asked, serversFolder(), (line) => console.log(line)))) {
  process.exitCode = 1;
}
