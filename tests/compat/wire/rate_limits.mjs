// How often clients may ask: the rules as settings, which of them applies, and what is counted together.
const fields = "?fields=rateLimits";
const rule = (label, maxRequests = 1, audience = "", duration = 600) => ({ label, maxRequests, duration, audience });
const set = (rateLimits) => ({ key: `settings ${JSON.stringify(rateLimits)?.slice(0, 200)}`, method: "PATCH", path: `/api/settings${fields}`, body: { rateLimits } });
const rules = (key, ...list) => ({ key: `rules: ${key}`, method: "PATCH", path: `/api/settings${fields}`, body: { rateLimits: { enabled: true, rules: list, excludedIPs: [] } } });
const ask = (key, path, more) => ({ key, as: "guest", path, ...more });
const times = (count, key, path, more) => Array.from({ length: count }, (_, index) => ask(`${key} ${index + 1}`, path, more));
const records = "/api/collections/limited/records";
const others = "/api/collections/boundless/records";
const create = { method: "POST", body: { title: "x" } };
const signIn = { method: "POST", body: { identity: "nobody@example.com", password: "correct horse" } };
const batch = (...requests) => ({ method: "POST", body: { requests } });
const entry = { method: "POST", url: records, body: { title: "x" } };

export const reduce = (body) => (body?.items === undefined ? body : { totalItems: body.totalItems });

const open = { type: "base", listRule: "", viewRule: "", createRule: "", updateRule: "", deleteRule: "", fields: [{ name: "title", type: "text" }] };

export const setup = [
    { method: "POST", path: "/api/collections", body: { ...open, id: "limited00000000", name: "limited" } },
    { method: "POST", path: "/api/collections", body: { ...open, id: "boundless000000", name: "boundless" } },
    { method: "POST", path: "/api/collections", body: { id: "limiters0000000", name: "limiters", type: "auth" } },
    { method: "POST", path: "/api/collections/limiters/records", body: { id: "lim000000000000", email: "ada@example.com", password: "correct horse", passwordConfirm: "correct horse" } },
    { method: "POST", path: records, body: { id: "one000000000000", title: "one" } },
    { method: "PATCH", path: "/api/settings", body: { batch: { enabled: true, maxRequests: 50, timeout: 3 } } },
];

export const callers = { ada: ["limiters", "ada@example.com", "correct horse"] };

export const cases = [
    { key: "by default", path: `/api/settings${fields}` },
    set({ enabled: true, rules: [] }),
    set({ enabled: false, rules: [] }),
    ...["/", "/api", "POST /api/", "get /a-b", "users:create", "*:create", "tag", "/_/"].map((label) => set({ rules: [rule(label)] })),
    ...["", "*", "users:", "/a.b", "/é", "GET  /a", "a-b", "/a b", "x:y:z", "*:a-b", "/%20"].map((label) => set({ rules: [rule(label)] })),
    set({ rules: [rule("a", 0, "@nobody", 0)] }),
    set({ rules: [rule("a", -1, "@auth", -1), rule("")] }),
    set({ rules: [{ label: "a" }] }),
    set({ rules: [rule("a"), rule("a", 2, "@guest")] }),
    set({ rules: [rule("a", 1, "@guest"), rule("a", 2, "@guest")] }),
    set({ rules: [rule("a", 1, "@guest"), rule("a", 2, "@auth")] }),
    set({ rules: [rule("a", 1, "@guest"), rule("a", 2, "@auth"), rule("a")] }),
    set({ rules: [rule("a"), rule("a"), rule("")] }),
    set({ rules: [{ ...rule("a"), maxRequests: 1.5 }] }),
    set({ rules: "x" }),
    set({ excludedIPs: ["10.0.0.1", "10.0.0.0/8", "bad", ""] }),
    set({ excludedIPs: ["::1", "fe80::/10"] }),
    set({ excludedIPs: [1] }),
    set({ rules: [{ maxRequests: 7 }] }),
    set(null),

    rules("a path", rule("/api/health", 2)),
    ...times(3, "health", "/api/health"),
    { key: "a superuser", path: "/api/health?fields=code" },
    ask("another path", "/api/collections/limited"),
    rules("below a path", rule("/api/", 2)),
    ...[1, 2, 3].map((turn) => ask(`somewhere ${turn}`, `/api/nowhere/${turn}`)),
    ask("counted by action 1", records),
    ask("counted by action 2", `${records}/one000000000000`),
    ask("counted by action 3", `${records}/one000000000000`),
    ask("counted by action 4", `${records}/one000000000000`),
    ...times(3, "counted by collection", others),
    rules("a method", rule("POST /api/nowhere")),
    ...times(2, "get", "/api/nowhere"),
    ...times(2, "post", "/api/nowhere", { method: "POST", body: {} }),
    rules("one collection before all", rule("*:list", 3), rule("limited:list", 1), rule("/api/", 1)),
    ...times(2, "limited list", records),
    ...times(4, "boundless list", others),
    rules("by audience", rule("*:list", 1, "@guest"), rule("*:list", 2, "@auth")),
    ...times(2, "list of a guest", records),
    ...times(3, "list of ada", records, { as: "ada" }),
    rules("nobody else's", rule("*:view", 1, "@auth")),
    ...times(2, "view of a guest", `${records}/one000000000000`),
    rules("sign-in", rule("*:auth", 2), rule("limiters:authWithOTP", 1)),
    ...times(3, "sign in", "/api/collections/limiters/auth-with-password", signIn),
    ...times(2, "sign in by code", "/api/collections/limiters/auth-with-otp", { method: "POST", body: { otpId: "x", password: "y" } }),
    ask("sign in elsewhere", "/api/collections/_superusers/auth-with-password", signIn),
    ask("no such collection", "/api/collections/nowhere/auth-with-password", signIn),
    ask("before the caller is looked at 1", "/api/settings"),
    rules("superusers only", rule("/api/settings", 1)),
    ...times(2, "settings of a guest", "/api/settings"),
    rules("creates", rule("*:create", 2)),
    ...times(3, "create", records, create),
    ask("update", `${records}/one000000000000`, { method: "PATCH", body: { title: "two" } }),
    rules("entries of a batch", rule("limited:create", 3, "", 700)),
    ask("a batch", "/api/batch", batch(entry, entry)),
    ask("a batch of too many", "/api/batch", batch(entry, entry)),
    ask("alone beside a batch", records, create),
    ask("a batch elsewhere", "/api/batch", batch({ ...entry, url: others })),
    rules("upserts", rule("limited:create", 1, "", 800), rule("limited:update", 1, "", 800)),
    ask("an upsert of what is there", "/api/batch", batch({ method: "PUT", url: records, body: { id: "one000000000000", title: "u" } })),
    ask("an upsert of what is there again", "/api/batch", batch({ method: "PUT", url: records, body: { id: "one000000000000", title: "u" } })),
    ask("an upsert of something new", "/api/batch", batch({ method: "PUT", url: records, body: { id: "two000000000000", title: "u" } })),
    rules("batches", rule("/api/batch", 1)),
    ask("one batch", "/api/batch", batch({ ...entry, url: others })),
    ask("another batch", "/api/batch", batch({ ...entry, url: others })),
    rules("a renamed collection", rule("limited:list", 1, "", 900)),
    { key: "renamed", method: "PATCH", path: "/api/collections/limited?fields=name", body: { name: "bounded" } },
    { key: "the rule follows", path: `/api/settings${fields}` },
    { key: "renamed back", method: "PATCH", path: "/api/collections/limited00000000?fields=name", body: { name: "limited" } },
    set({ enabled: true, rules: [rule("/api/health", 1, "", 1000)], excludedIPs: ["127.0.0.0/8", "::1"] }),
    ...times(2, "an excluded address", "/api/health"),
    { key: "off again", method: "PATCH", path: `/api/settings${fields}`, body: { rateLimits: { enabled: false, rules: [], excludedIPs: [] }, batch: { enabled: false } } },
    ask("an open road", "/api/health"),
    ...["limited", "boundless", "limiters"].map((name) => ({ key: `gone: ${name}`, method: "DELETE", path: `/api/collections/${name}` })),
];
