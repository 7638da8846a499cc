// Starts a server on a fresh directory and a free port, and stops it again. Both kinds are driven the same way.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

export const SUPERUSER = { email: "root@example.com", password: "correct horse battery" };
const START_LIMIT_MS = 60_000;

export class Server {
    /** @param kind "basalt" or "pocketbase" */
    static async start(kind, binary) {
        const root = mkdtempSync(path.join(tmpdir(), "basalt-compat-"));
        const command = ["superuser", "upsert", SUPERUSER.email, SUPERUSER.password];
        return await new Server(kind, root).serve(binary, command, path.join(root, "data"));
    }

    /** Basalt on what it imported from the data directory of a PocketBase that still runs. */
    static async moved(binary, pocketbase) {
        const root = mkdtempSync(path.join(tmpdir(), "basalt-compat-"));
        const source = path.join(pocketbase.root, "data");
        return await new Server("basalt", root).serve(binary, ["import", "pocketbase", source], path.join(root, "data"));
    }

    /** Runs a command that makes the directory, then the server on it. */
    async serve(binary, command, dir) {
        try {
            const made = spawnSync(binary, [...command, "--dir", dir], { encoding: "utf8", cwd: this.root });
            if (made.status !== 0) throw new Error(`${binary} ${command[0]} ${command[1]}: ${made.error ?? made.stderr}`);
            const port = await freePort();
            this.url = `http://127.0.0.1:${port}`;
            this.child = spawn(binary, ["serve", "--http", `127.0.0.1:${port}`, "--dir", dir], { cwd: this.root, stdio: ["ignore", "ignore", "pipe"] });
            this.child.stderr.on("data", (text) => (this.errors += text));
            await this.ready();
        } catch (error) {
            await this.stop();
            throw error;
        }
        return this;
    }

    /** A mock server over the collections of a file; its `facts` are what it says of itself. */
    static async mock(binary, schema) {
        const root = mkdtempSync(path.join(tmpdir(), "basalt-compat-"));
        const server = new Server("basalt", root);
        server.child = spawn(binary, ["mock", "--schema", schema, "--http", "127.0.0.1:0", "--json"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
        server.child.stderr.on("data", (text) => (server.errors += text));
        for await (const line of createInterface({ input: server.child.stdout })) {
            server.facts = JSON.parse(line);
            server.url = server.facts.url;
            return server;
        }
        await server.stop();
        throw new Error(`basalt mock ended early: ${server.errors}`);
    }

    constructor(kind, root) {
        this.kind = kind;
        this.root = root;
        this.errors = "";
    }

    async ready() {
        const end = Date.now() + START_LIMIT_MS;
        while (Date.now() < end) {
            if (this.child.exitCode !== null) throw new Error(`${this.kind} ended early: ${this.errors}`);
            const answer = await fetch(`${this.url}/api/health`).catch(() => null);
            if (answer?.ok) return;
            await new Promise((resume) => setTimeout(resume, 50));
        }
        throw new Error(`${this.kind} did not become healthy: ${this.errors}`);
    }

    async stop() {
        if (this.child && this.child.exitCode === null) {
            const ended = new Promise((resume) => this.child.once("exit", resume));
            this.child.kill("SIGTERM");
            await ended;
        }
        rmSync(this.root, { recursive: true, force: true });
    }
}

function freePort() {
    return new Promise((resume, reject) => {
        const probe = createServer();
        probe.once("error", reject);
        probe.listen(0, "127.0.0.1", () => {
            const { port } = probe.address();
            probe.close(() => resume(port));
        });
    });
}
