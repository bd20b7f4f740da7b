// `npm run image`: the image of the operator and its agents, without a container engine.
import { main } from "./image/main.ts";

process.exitCode = await main(process.argv.slice(2));
