// Sends every scenario to a server and compares status and body with what PocketBase answered.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

import { normalise } from "./normalise.mjs";
import { SUPERUSER } from "./server.mjs";

const here = new URL(".", import.meta.url);
const differences = JSON.parse(readFileSync(new URL("differences.json", here)));

/** Returns the number of differences that are not documented. */
export async function run(server, options) {
    let failed = 0;
    let sent = 0;
    for (const file of readdirSync(new URL("wire/", here)).sort()) {
        const name = file.replace(/\.mjs$/, "");
        const scenario = await import(new URL(`wire/${file}`, here));
        const answers = await play(server, scenario);
        sent += Object.keys(answers).length;
        const fixture = new URL(`recorded/${name}.json`, here);
        if (options.record && server.kind === "pocketbase") {
            writeFileSync(fixture, oneLineEach(answers));
            continue;
        }
        const recorded = JSON.parse(readFileSync(fixture));
        for (const key of new Set([...Object.keys(recorded), ...Object.keys(answers)])) {
            if (options.only && !`${name}: ${key}`.includes(options.only)) continue;
            const expected = server.kind === "basalt" ? (differences[`${name}: ${key}`]?.basalt ?? recorded[key]) : recorded[key];
            if (JSON.stringify(sorted(expected)) === JSON.stringify(sorted(answers[key]))) continue;
            failed += 1;
            console.log(`${name}: ${key}\n    expected ${JSON.stringify(expected)}\n    ${server.kind.padEnd(8)} ${JSON.stringify(answers[key])}`);
        }
    }
    console.log(`wire, ${server.kind}: ${sent} answers, ${failed} differ`);
    return failed;
}

/** Runs `setup` (which must succeed) and then the cases in order, on collections of the scenario's own. */
async function play(server, scenario) {
    const tokens = { guest: null, superuser: await signIn(server, "_superusers", SUPERUSER.email, SUPERUSER.password) };
    for (const step of scenario.setup ?? []) {
        const { status, body } = await send(server, { as: "superuser", ...step }, tokens);
        if (status >= 300) throw new Error(`setup ${step.method} ${step.path}: ${status} ${JSON.stringify(body)}`);
    }
    for (const [name, [collection, email, password]] of Object.entries(scenario.callers ?? {})) {
        tokens[name] = await signIn(server, collection, email, password);
    }
    const answers = {};
    for (const step of scenario.cases) {
        const key = step.key ?? `${step.as ?? "superuser"} ${step.method ?? "GET"} ${step.path}${step.body === undefined ? "" : ` ${text(step.body)}`}`;
        if (key in answers) throw new Error(`two cases are called ${key}`);
        const { status, body } = await send(server, { as: "superuser", method: "GET", ...step }, tokens);
        answers[key] = body === undefined ? [status] : [status, (scenario.reduce ?? ((same) => same))(normalise(body))];
    }
    return answers;
}

async function signIn(server, collection, identity, password) {
    const step = { as: "guest", method: "POST", path: `/api/collections/${collection}/auth-with-password`, body: { identity, password } };
    const { status, body } = await send(server, step, {});
    if (status !== 200) throw new Error(`${identity} cannot sign in: ${status} ${JSON.stringify(body)}`);
    return body.token;
}

async function send(server, { as, method, path, body, type, headers }, tokens) {
    const request = { method, headers: { ...headers }, redirect: "manual" };
    if (tokens[as]) request.headers.Authorization = tokens[as];
    if (body !== undefined) {
        request.headers["Content-Type"] = type ?? "application/json";
        request.body = text(body);
    }
    const answer = await fetch(server.url + path, request);
    const raw = await answer.text();
    try {
        return { status: answer.status, body: raw === "" ? undefined : JSON.parse(raw) };
    } catch {
        return { status: answer.status, body: `(${raw.length} bytes that are not JSON)` };
    }
}

function text(body) {
    return typeof body === "string" ? body : JSON.stringify(body);
}

function sorted(value) {
    if (Array.isArray(value)) return value.map(sorted);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

/** One answer a line, so that a change of one is a change of one line. */
function oneLineEach(answers) {
    const lines = Object.entries(answers).map(([key, answer]) => `${JSON.stringify(key)}: ${JSON.stringify(answer)}`);
    return `{\n${lines.join(",\n")}\n}\n`;
}
