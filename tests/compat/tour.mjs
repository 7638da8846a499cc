// Runs the `sh` blocks of the README's tour in one shell, in order, as a reader would; the first failing command fails.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { SUPERUSER } from "./server.mjs";

export async function run(server) {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const [, tour] = readme.split("## A tour in five minutes");
    const blocks = [...tour.split("\n## ")[0].matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]);
    const script = blocks.join("\n").replaceAll("http://127.0.0.1:8090", server.url).replaceAll("you@example.com", SUPERUSER.email).replaceAll("a long password", SUPERUSER.password);
    // `--fail-with-body` makes a refused request a failed command.
    const shell = spawnSync("bash", ["-euo", "pipefail", "-c", `curl() { command curl --fail-with-body "$@"; echo; }\n${script}`], { encoding: "utf8" });
    const failed = shell.status === 0 && blocks.length > 0 ? 0 : 1;
    if (failed) console.log(`${shell.stdout}\n${shell.stderr}`);
    console.log(`tour, ${server.kind}: ${blocks.length} blocks, ${failed ? "failed" : "fine"}`);
    return failed;
}
