// The official npm package across a move: a session that began on PocketBase goes on on Basalt.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import path from "node:path";

import { SUPERUSER, Server } from "./server.mjs";

const cache = process.env.COMPAT_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "basalt-test");
const PocketBase = createRequire(path.join(cache, "npm/"))("pocketbase/cjs");
const PASSWORD = "long enough";
const client = (url) => new PocketBase(url).autoCancellation(false);

/** Returns the number of failed checks. Everything happens in the turn of PocketBase, which is what is moved. */
export async function run(pocketbase, options) {
    if (pocketbase.kind === "basalt") return 0;
    const [ada, root] = await fill(pocketbase.url);
    const basalt = await Server.moved(options.basalt, pocketbase);
    try {
        await goOn(basalt.url, ada, root);
        console.log("moved: 1 session of a user and 1 of a superuser went on");
        return 0;
    } catch (error) {
        console.log(`moved: ${error.message}\n    ${JSON.stringify(error.response ?? null)}`);
        return 1;
    } finally {
        await basalt.stop();
    }
}

async function fill(url) {
    const root = client(url);
    await root.collection("_superusers").authWithPassword(SUPERUSER.email, SUPERUSER.password);
    const own = "owner = @request.auth.id";
    const owner = { name: "owner", type: "relation", collectionId: "_pb_users_auth_", maxSelect: 1 };
    const rules = { listRule: own, viewRule: own, createRule: own, updateRule: own, deleteRule: own };
    await root.collections.create({ name: "notes", type: "base", fields: [{ name: "text", type: "text" }, owner], ...rules });
    const ada = client(url);
    const user = await ada.collection("users").create({ email: "ada@example.com", password: PASSWORD, passwordConfirm: PASSWORD });
    await ada.collection("users").authWithPassword("ada@example.com", PASSWORD);
    await ada.collection("notes").create({ text: "before", owner: user.id });
    await root.collection("notes").create({ text: "of nobody" });
    return [ada.authStore, root.authStore];
}

async function goOn(url, ada, root) {
    const user = client(url);
    user.authStore.save(ada.token, ada.record);
    const notes = await user.collection("notes").getFullList({ expand: "owner" });
    assert.deepEqual(notes.map((note) => note.text), ["before"]);
    assert.equal(notes[0].expand.owner.email, "ada@example.com");
    await user.collection("notes").create({ text: "after", owner: ada.record.id });
    const refreshed = await user.collection("users").authRefresh();
    assert.equal(refreshed.record.id, ada.record.id);
    const again = await client(url).collection("users").authWithPassword("ada@example.com", PASSWORD);
    assert.equal(again.record.id, ada.record.id);
    const superuser = client(url);
    superuser.authStore.save(root.token, root.record);
    assert.equal((await superuser.collection("notes").getList()).totalItems, 3);
    assert.ok((await superuser.collections.getFullList()).some((collection) => collection.name === "notes"));
}
