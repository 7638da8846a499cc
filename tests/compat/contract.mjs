// The contract document before independent judges: a validator of OpenAPI, and schemathesis, which makes requests of what the
// document promises and compares every answer with it. The server has every kind of collection, field and rule (contract.json).
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { Server } from "./server.mjs";

const cache = process.env.COMPAT_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "basalt-test");
const CHECKS = "not_a_server_error,status_code_conformance,response_schema_conformance,content_type_conformance";
const SCHEMA = fileURLToPath(new URL("contract.json", import.meta.url));

/** Left out: it could lock the caller out. */
const NEVER = "PATCH /api/settings";
/** Operations that change what others need, done last. */
const DISRUPTIVE = /^(POST|PUT|PATCH|DELETE) \/api\/collections(\/\{collection\}|\/import|$)/;
/** The paths that each caller goes through: collections of a kind are alike. */
const PATHS = {
    guest: /^\/api\/(?!collections)|\/(everything|overview|staff)\//,
    user: /^\/api\/batch|\/(demanding|people)\//,
    superuser: /^\/api\/(?!collections\/)|\/(locked|_superusers|\{collection\}|meta)(\/|$)/,
};
/**
 * Parameters that are taken out. What `fields` leaves away is missing, as the document says in words only; one key with ever
 * other bodies is refused by design.
 */
const WITHOUT = ["fields", "Idempotency-Key"].map((name) => `#/components/parameters/${name}`);
/** Values that mean something, so that requests get past the parser; what breaks it comes all the same, as wrong values. */
const VALUES = {
    filter: ["", "id != ''"], bulkFilter: ["id = 'none'"], sort: ["", "-id"], expand: ["", "person,others", "owner,friend"], cursor: [""],
    group: ["id"], select: ["count() as n"], having: ["n > 0"], "If-Match": ["*"],
};

export const start = (_kind, binary) => Server.mock(binary, SCHEMA);

/** Returns the number of failures. */
export async function run(server) {
    const callers = { guest: "", user: await signIn(server, "people"), superuser: await signIn(server, "_superusers") };
    const documents = {};
    for (const [caller, token] of Object.entries(callers)) {
        documents[caller] = await (await fetch(`${server.url}/api/openapi.json`, { headers: { Authorization: token } })).json();
    }
    await fetch(`${server.url}/api/settings`, {
        method: "PATCH",
        headers: { Authorization: callers.superuser, "Content-Type": "application/json" },
        body: JSON.stringify({ batch: { enabled: true } }),
    });
    let failed = await validate(server, documents);
    const known = await knownRecords(server, callers.superuser);
    const calm = (caller) => (name, url) => PATHS[caller].test(url) && !DISRUPTIVE.test(name);
    const passes = Object.entries(callers).map(([caller, token]) => exercise(server, caller, token, reduced(documents[caller], known, calm(caller))));
    failed += sum(await Promise.all(passes));
    const last = reduced(documents.superuser, known, (name) => DISRUPTIVE.test(name));
    failed += await exercise(server, "superuser, schema", callers.superuser, last);
    return failed;
}

async function signIn(server, collection) {
    const { identity, password } = server.facts.accounts.find((account) => account.collection === collection);
    const answer = await fetch(`${server.url}/api/collections/${collection}/auth-with-password`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ identity, password }),
    });
    return (await answer.json()).token;
}

async function validate(server, documents) {
    const files = Object.entries(documents).map(([caller, document]) => write(server, caller, document));
    const { code, text } = await tool(server.root, "openapi-spec-validator", files);
    if (code !== 0) console.log(text);
    console.log(`contract, validator: ${files.length} documents, ${code === 0 ? "fine" : "failed"}`);
    return code === 0 ? 0 : 1;
}

/** The ids of the records of each collection, by its name, and the relations as [collection, field, target]. */
async function knownRecords(server, token) {
    const get = async (url) => (await (await fetch(`${server.url}${url}?perPage=500`, { headers: { Authorization: token } })).json()).items;
    const collections = await get("/api/collections");
    const ids = {};
    for (const { name } of collections) ids[name] = (await get(`/api/collections/${name}/records`)).map(({ id }) => id);
    const nameOf = (target) => collections.find(({ id }) => id === target).name;
    const relations = collections.flatMap(({ name, fields }) =>
        fields.filter(({ type }) => type === "relation").map((field) => [name, field.name, nameOf(field.collectionId)]));
    return { ids, relations };
}

/** A copy with these operations only, and with values that lead somewhere. */
function reduced(document, known, keep) {
    const copy = structuredClone(document);
    for (const [url, methods] of Object.entries(copy.paths)) {
        for (const [method, operation] of Object.entries(methods)) {
            const name = `${method.toUpperCase()} ${url}`;
            if (name === NEVER || !keep(name, url)) delete methods[method];
            operation.parameters = operation.parameters.filter(({ $ref }) => !WITHOUT.includes($ref));
            const ids = url.includes("{collection}") ? ["locked"] : known.ids[/collections\/(\w+)\//.exec(url)?.[1]];
            const id = operation.parameters.find(({ in: place }) => place === "path");
            // What is deleted is not there for the others: let it be what was made on the way.
            if (id && ids?.length && method !== "delete") id.schema.enum = ids;
        }
        if (Object.keys(methods).length === 0) delete copy.paths[url];
    }
    for (const [name, values] of Object.entries(VALUES)) copy.components.parameters[name].schema.enum = values;
    const replaced = copy.paths["/api/collections/import"]?.put.requestBody.content["application/json"].schema.properties;
    if (replaced) replaced.deleteMissing.enum = [false];
    const entry = copy.paths["/api/batch"]?.post.requestBody.content["application/json"].schema.properties.requests.items;
    if (entry) entry.properties.url.enum = ["/api/collections/everything/records"];
    for (const [name, schema] of Object.entries(copy.components.schemas)) reduceSchema(name, schema);
    for (const [collection, field, target] of known.relations) {
        for (const role of ["Create", "Update"]) {
            const input = copy.components.schemas[`${collection[0].toUpperCase()}${collection.slice(1)}${role}`]?.properties[field];
            if (input) (input.items ?? input).enum = known.ids[target];
        }
    }
    return copy;
}

function reduceSchema(name, schema) {
    const { properties } = schema;
    // The document leaves room for more keys; these answers have none.
    if (name.endsWith("Record")) schema.additionalProperties = false;
    // Every value of every key is tried: a few keys stand for all.
    const dropped = { Create: /^id$/, Update: /assword|^email$|^tokenKey$/, CollectionInput: /^(?!name|type|fields|listRule|indexes)/ };
    const [, unwanted] = Object.entries(dropped).find(([end]) => name.endsWith(end)) ?? [];
    for (const key of Object.keys(properties).filter((key) => unwanted?.test(key))) delete properties[key];
    if (name.endsWith("Create") && properties.passwordConfirm) {
        for (const key of ["password", "passwordConfirm"]) properties[key].enum = ["a long password"];
    }
    if (name === "CollectionInput") properties.listRule.enum = [null, ""];
}

async function exercise(server, name, token, document) {
    // A method that is not in the reduced document may well be one of the server's.
    writeFileSync(path.join(server.root, "schemathesis.toml"), "[phases.coverage]\nunexpected-methods = []\n");
    const file = write(server, `${name} reduced`, document);
    const headers = token ? ["--header", `Authorization:${token}`] : [];
    const options = ["--seed", "1", "--max-examples", "5", "--phases", "coverage,fuzzing", "--checks", CHECKS, "--no-shrink", "--suppress-health-check", "all", "--generation-database", "none", "--no-color"];
    const { code, text } = await tool(server.root, "st", ["run", file, "--url", server.url, ...headers, ...options]);
    const cases = /(\d+) generated/.exec(text)?.[1] ?? "no";
    if (code !== 0) console.log(text);
    console.log(`contract, ${name}: ${cases} requests, ${code === 0 ? "fine" : "failed"}`);
    return code === 0 ? 0 : 1;
}

function write(server, name, document) {
    const file = path.join(server.root, `${name.replace(/\W+/g, "-")}.json`);
    writeFileSync(file, JSON.stringify(document));
    return file;
}

function tool(cwd, name, args) {
    return new Promise((resume, reject) => {
        const child = spawn(path.join(cache, "venv/bin", name), args, { cwd });
        let text = "";
        for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (text += part));
        child.once("error", reject);
        child.once("close", (code) => resume({ code, text }));
    });
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
