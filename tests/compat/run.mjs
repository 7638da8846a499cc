// usage: node tests/compat/run.mjs wire|sdk|moved|tour|contract [--basalt BINARY] [--pocketbase BINARY] [--record] [--only TEXT]
//
// wire      sends the scenarios of wire/ and compares with the answers recorded from PocketBase in recorded/;
//           --record writes them anew (with --pocketbase), both binaries together compare live
// sdk       drives the official npm package through sdk/
// moved     signs in on PocketBase, moves its data to Basalt, and goes on there with the same session; takes both
// tour      runs the shell blocks of README.md
// contract  validates the contract document and calls what it promises, see contract.mjs
import { parseArgs } from "node:util";

import { Server } from "./server.mjs";

const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
        basalt: { type: "string" },
        pocketbase: { type: "string" },
        record: { type: "boolean" },
        only: { type: "string" },
    },
});

const suites = { wire: "./wire.mjs", sdk: "./sdk.mjs", moved: "./moved.mjs", tour: "./tour.mjs", contract: "./contract.mjs" };
const suite = suites[positionals[0]];
if (!suite || (!options.basalt && !options.pocketbase)) {
    console.error("usage: node tests/compat/run.mjs wire|sdk|moved|tour|contract [--basalt BINARY] [--pocketbase BINARY] [--record] [--only TEXT]");
    process.exit(2);
}

const { run, start = Server.start } = await import(suite);
let failed = 0;
for (const kind of ["pocketbase", "basalt"]) {
    if (!options[kind]) continue;
    const server = await start(kind, options[kind]);
    try {
        failed += await run(server, options);
    } finally {
        await server.stop();
    }
}
process.exit(failed ? 1 : 0);
