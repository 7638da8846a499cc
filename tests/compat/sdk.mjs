// The official npm package, unchanged, doing what an application does. Every check must hold on PocketBase as well.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import path from "node:path";

import { SUPERUSER } from "./server.mjs";

const cache = process.env.COMPAT_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "basalt-test");
const PocketBase = createRequire(path.join(cache, "npm/"))("pocketbase/cjs");
const PASSWORD = "long enough";

/** Returns the number of failed checks. */
export async function run(server, options) {
    const client = () => new PocketBase(server.url).autoCancellation(false);
    const root = client();
    let failed = 0;
    let count = 0;
    for (const [name, check] of Object.entries(checks)) {
        if (options.only && !name.includes(options.only)) continue;
        count += 1;
        try {
            await check(root, client);
        } catch (error) {
            failed += 1;
            console.log(`sdk, ${server.kind}: ${name}\n    ${error.message}\n    ${JSON.stringify(error.response ?? null)}`);
        }
    }
    console.log(`sdk, ${server.kind}: ${count} checks, ${failed} failed`);
    return failed;
}

async function fails(promise, status, codes = {}) {
    const error = await promise.then(() => assert.fail("it should have been refused"), (error) => error);
    assert.equal(error.status, status);
    assert.equal(typeof error.response.message, "string");
    for (const [field, code] of Object.entries(codes)) assert.equal(error.response.data[field]?.code, code);
    return error;
}

// In order: later checks use what earlier ones made.
const checks = {
    async "health"(root) {
        const health = await root.health.check();
        assert.equal(health.code, 200);
    },
    async "a superuser signs in and refreshes"(root) {
        await fails(root.collection("_superusers").authWithPassword(SUPERUSER.email, "wrong password"), 400);
        await root.collection("_superusers").authWithPassword(SUPERUSER.email, SUPERUSER.password);
        assert.ok(root.authStore.isValid && root.authStore.isSuperuser);
        await root.collection("_superusers").authRefresh();
        assert.equal(root.authStore.record.email, SUPERUSER.email);
    },
    async "collections are created"(root) {
        const scaffolds = await root.collections.getScaffolds();
        assert.deepEqual(Object.keys(scaffolds).sort(), ["auth", "base", "view"]);
        const open = { listRule: "", viewRule: "", createRule: "", updateRule: "", deleteRule: "" };
        const members = await root.collections.create({ name: "members", type: "auth", ...open, fields: [{ name: "name", type: "text" }, { name: "note", type: "text", hidden: true }] });
        assert.equal(members.passwordAuth.identityFields[0], "email");
        const topics = await root.collections.create({ name: "topics", ...open, fields: [{ name: "title", type: "text", required: true }], indexes: ["CREATE UNIQUE INDEX idx_topics_title ON topics (title)"] });
        await root.collections.create({ name: "articles", ...open, fields: [
            { name: "title", type: "text", required: true }, { name: "views", type: "number" }, { name: "due", type: "date" }, { name: "kinds", type: "select", values: ["a", "b", "c"], maxSelect: 3 },
            { name: "author", type: "relation", collectionId: members.id, maxSelect: 1 }, { name: "topics", type: "relation", collectionId: topics.id, maxSelect: 5 }, { name: "meta", type: "json" } ] });
        const view = await root.collections.create({ name: "totals", type: "view", listRule: "", viewQuery: "SELECT id, title, views FROM articles" });
        assert.deepEqual(view.fields.map((field) => field.name), ["id", "title", "views"]);
        await fails(root.collections.create({ name: "articles" }), 400, { name: "validation_collection_name_exists" });
        assert.equal((await root.collections.getFirstListItem("name = 'topics'")).id, topics.id);
    },
    async "records are created, read, changed and deleted"(root) {
        const articles = root.collection("articles");
        const made = await articles.create({ title: "Hello", views: 1, due: new Date(0), kinds: ["a"], meta: { a: [1] } });
        assert.match(made.id, /^[a-z0-9]{15}$/);
        assert.equal(made.due, "1970-01-01 00:00:00.000Z");
        assert.deepEqual((await articles.getOne(made.id)).meta, { a: [1] });
        assert.equal((await articles.update(made.id, { "views+": 4, "kinds+": "b" })).views, 5);
        assert.deepEqual((await articles.update(made.id, { "kinds-": "a" })).kinds, ["b"]);
        assert.equal(await articles.delete(made.id), true);
        await fails(articles.getOne(made.id), 404);
        await fails(articles.create({ title: "" }), 400, { title: "validation_required" });
    },
    async "multipart bodies carry objects"(root) {
        const form = new FormData();
        form.append("@jsonPayload", JSON.stringify({ meta: { deep: { x: 1 } } }));
        form.append("title", "By form");
        const made = await root.collection("articles").create(form);
        assert.deepEqual([made.title, made.meta], ["By form", { deep: { x: 1 } }]);
        await root.collection("articles").delete(made.id);
    },
    async "lists are filtered, sorted and paged"(root) {
        const author = await root.collection("members").create({ email: "ada@example.com", password: PASSWORD, passwordConfirm: PASSWORD, name: "Ada", note: "hidden" });
        const topics = await Promise.all(["x", "y"].map((title) => root.collection("topics").create({ title })));
        for (let number = 0; number < 7; number++) {
            await root.collection("articles").create({ title: `It's ${number}`, views: number, author: author.id, topics: topics.slice(0, number % 3).map((topic) => topic.id) });
        }
        const articles = root.collection("articles");
        const page = await articles.getList(2, 3, { sort: "-views", filter: root.filter("views >= {:least} && title ~ {:quote}", { least: 1, quote: "'" }) });
        assert.deepEqual([page.page, page.perPage, page.totalItems, page.totalPages], [2, 3, 6, 2]);
        assert.deepEqual(page.items.map((item) => item.views), [3, 2, 1]);
        assert.equal((await articles.getFullList({ batch: 2 })).length, 7);
        assert.equal((await articles.getFirstListItem("views = 4")).title, "It's 4");
        await fails(articles.getFirstListItem("views = 400"), 404);
        await fails(articles.getList(1, 1, { filter: "unknown = 1" }), 400);
        assert.equal((await root.collection("totals").getList(1, 1)).totalItems, 7);
    },
    async "relations are expanded both ways, and fields are picked"(root) {
        const item = await root.collection("articles").getFirstListItem("views = 2", { expand: "author,topics", fields: "title,expand.author.name,expand.topics.title" });
        assert.deepEqual(item, { title: "It's 2", expand: { author: { name: "Ada" }, topics: [{ title: "x" }, { title: "y" }] } });
        const author = await root.collection("members").getFirstListItem("name = 'Ada'", { expand: "articles_via_author" });
        assert.equal(author.expand.articles_via_author.length, 7);
    },
    async "hidden fields and addresses stay private"(root, client) {
        const [seen] = await client().collection("members").getFullList();
        assert.deepEqual(["note" in seen, "email" in seen, "password" in seen, "tokenKey" in seen], [false, false, false, false]);
        assert.equal((await root.collection("members").getFullList())[0].note, "hidden");
    },
    async "a member signs in, refreshes and is impersonated"(root, client) {
        const ada = client();
        const methods = await ada.collection("members").listAuthMethods();
        assert.deepEqual([methods.password.enabled, methods.oauth2.enabled, methods.mfa.enabled, methods.otp.enabled], [true, false, false, false]);
        await ada.collection("members").authWithPassword("ada@example.com", PASSWORD);
        assert.equal((await ada.collection("members").authRefresh()).record.email, "ada@example.com");
        const other = await root.collection("members").impersonate(ada.authStore.record.id, 100);
        assert.equal(other.authStore.record.id, ada.authStore.record.id);
        await fails(ada.collections.getFullList(), 403);
        await fails(client().collections.getFullList(), 401);
    },
    async "batches are all or nothing"(root) {
        await root.settings.update({ batch: { enabled: true, maxRequests: 50, timeout: 3 } });
        assert.equal((await root.settings.getAll()).batch.enabled, true);
        const batch = root.createBatch();
        batch.collection("topics").create({ id: "topic0000000001", title: "one" });
        batch.collection("topics").upsert({ id: "topic0000000001", title: "uno" });
        batch.collection("topics").update("topic0000000001", { title: "un" });
        batch.collection("topics").delete("topic0000000001");
        assert.deepEqual((await batch.send()).map((answer) => answer.status), [200, 200, 200, 204]);
        const broken = root.createBatch();
        broken.collection("topics").create({ title: "kept out" });
        broken.collection("topics").create({ title: "x" });
        const error = await fails(broken.send(), 400);
        assert.equal(error.response.data.requests[1].response.data.title.code, "validation_not_unique");
        await fails(root.collection("topics").getFirstListItem("title = 'kept out'"), 404);
    },
    async "collections are imported, truncated and deleted"(root) {
        await root.collections.import([{ name: "imported", fields: [{ name: "title", type: "text" }] }]);
        await root.collection("imported").create({ title: "x" });
        await root.collections.truncate("imported");
        assert.equal((await root.collection("imported").getList()).totalItems, 0);
        assert.equal(await root.collections.delete("imported"), true);
        await fails(root.collections.getOne("imported"), 404);
    },
};
