// Records over the wire: pages, expand, fields, errors, who may do what, modifiers, deletes, batch, odd bodies.
const OWNER = "owner = @request.auth.id";
const path = (collection, rest = "") => `/api/collections/${collection}/records${rest}`;
const user = (number) => `user0000000000${number}`;
const post = (number) => `post0000000000${number}`;
const open = { listRule: "", viewRule: "", createRule: "", updateRule: "", deleteRule: "" };
const rules = (rule) => ({ listRule: rule, viewRule: rule, createRule: rule, updateRule: rule, deleteRule: rule });
const create = (collection, body) => ({ method: "POST", path: path(collection), body });

export const setup = [
    { method: "POST", path: "/api/collections", body: { id: "people000000000", name: "people", type: "auth", ...open, updateRule: "id = @request.auth.id", deleteRule: "id = @request.auth.id",
        manageRule: "@request.auth.role = 'admin'", fields: [{ name: "name", type: "text" }, { name: "role", type: "text" }, { name: "secret", type: "text", hidden: true }] } },
    { method: "POST", path: "/api/collections", body: { id: "labels000000000", name: "labels", ...open, fields: [{ name: "title", type: "text", required: true, max: 10 }], indexes: ["CREATE UNIQUE INDEX `idx_labels_title` ON `labels` (`title`)"] } },
    { method: "POST", path: "/api/collections", body: { id: "posts0000000000", name: "posts", ...open, fields: [
        { name: "title", type: "text" }, { name: "story", type: "editor" }, { name: "secret", type: "text", hidden: true }, { name: "views", type: "number" },
        { name: "owner", type: "relation", collectionId: "people000000000", maxSelect: 1 }, { name: "labels", type: "relation", collectionId: "labels000000000", maxSelect: 9 },
        { name: "kinds", type: "select", values: ["a", "b", "c"], maxSelect: 3 }, { name: "meta", type: "json" }, { name: "slug", type: "text", pattern: "^[a-z0-9-]*$", autogeneratePattern: "[a-z]{8}" } ] } },
    { method: "POST", path: "/api/collections", body: { id: "comments0000000", name: "comments", ...open, viewRule: "text != 'private'", fields: [
        { name: "text", type: "text" }, { name: "post", type: "relation", collectionId: "posts0000000000", maxSelect: 1, cascadeDelete: true }, { name: "label", type: "relation", collectionId: "labels000000000", maxSelect: 1, required: true } ] } },
    { method: "POST", path: "/api/collections", body: { id: "closed000000000", name: "closed", fields: [{ name: "title", type: "text" }, { name: "post", type: "relation", collectionId: "posts0000000000", maxSelect: 1 }] } },
    { method: "POST", path: "/api/collections", body: { id: "owned0000000000", name: "owned", ...rules(OWNER), fields: [{ name: "title", type: "text" }, { name: "owner", type: "relation", collectionId: "people000000000", maxSelect: 1 }] } },
    { method: "POST", path: "/api/collections", body: { id: "signed000000000", name: "signed", ...rules("@request.auth.id != ''"), fields: [{ name: "title", type: "text" }] } },
    { method: "POST", path: "/api/collections", body: { id: "checked00000000", name: "checked", ...open, createRule: "@request.body.title:isset = true && title != 'bad' && @request.body.locked:isset = false", updateRule: "@request.body.title:changed = false && views < 10 && @request.body.views <= 10", fields: [{ name: "title", type: "text" }, { name: "views", type: "number" }] } },
    { method: "POST", path: "/api/collections", body: { id: "summary00000000", name: "summary", type: "view", ...open, createRule: null, updateRule: null, deleteRule: null, viewQuery: "SELECT posts.id, posts.title, posts.owner, count(comments.id) as total FROM posts LEFT JOIN comments ON comments.post = posts.id GROUP BY posts.id" } },
    ...[["ada", true, "admin"], ["bob", false, ""], ["eve", true, ""]].map(([name, emailVisibility, role], number) =>
        create("people", { id: user(number), email: `${name}@example.com`, emailVisibility, password: "long enough", passwordConfirm: "long enough", name, role, secret: `of ${name}` })),
    ...["one", "two", "three"].map((title, number) => create("labels", { id: `label000000000${number}`, title })),
    ...[0, 1, 2, 3, 4].map((number) => create("posts", { id: post(number), title: `Post ${number}`, story: `<p>Hello <b>world</b> &amp; all, number ${number}</p>`, secret: "s", views: number * 3, owner: number < 3 ? user(number) : "", labels: ["label0000000001", "label0000000000"].slice(0, number % 3), kinds: ["a", "b"].slice(0, number), meta: { deep: [{ x: number, y: 1 }], k: "v" }, slug: `p-${number}` })),
    ...[[0, "first", 0], [0, "private", 1], [1, "second", 0], [2, "third", 2]].map(([of, text, label], number) => create("comments", { id: `comment0000000${number}`, post: post(of), text, label: `label000000000${label}` })),
    create("closed", { id: "closed000000001", title: "x", post: post(0) }), create("owned", { id: "owned0000000001", title: "x", owner: user(0) }), create("owned", { id: "owned0000000002", title: "y", owner: user(1) }),
    create("signed", { id: "signed000000001", title: "x" }), create("checked", { id: "checked00000001", title: "x", views: 1 }),
    { method: "PATCH", path: "/api/settings", body: { batch: { enabled: true, maxRequests: 10, timeout: 3 } } },
];
export const callers = { ada: ["people", "ada@example.com", "long enough"], bob: ["people", "bob@example.com", "long enough"] };

const PAGES = ["", "?page=1", "?page=2&perPage=2", "?page=99", "?page=0", "?page=-1", "?page=x", "?page=1.5", "?page=", "?perPage=0", "?perPage=-5", "?perPage=1", "?perPage=1001", "?perPage=x", "?skipTotal=1", "?skipTotal=true", "?skipTotal=t", "?skipTotal=yes", "?skipTotal=", "?skipTotal=0", "?page=1&page=2", "?unknown=1", "?filter=%", "?filter=a%20%3D", "?sort=-title&perPage=2&page=2"];
const EXPANDS = ["owner", "labels", "owner,labels", "unknown", "title", "", ",", "owner.unknown", "comments_via_post", "comments_via_post.label", "comments_via_post.post.owner", "closed_via_post", "owner.posts_via_owner", "labels.posts_via_labels", "owner.posts_via_owner.comments_via_post.label", "comments(post)", "comments_via_unknown", " owner , labels ", "owner.posts_via_owner.owner.posts_via_owner.owner.posts_via_owner.owner.posts_via_owner", "OWNER", "owner,owner.posts_via_owner"];
const FIELDS = ["id", "*", "id,title", " id , title ", "unknown", "", ",", "*,id", "meta.deep", "meta.deep.x", "meta.deep.0.x", "meta.*", "meta.k.z", "expand.owner.name", "expand.*.name", "expand.comments_via_post.text", "*,expand.owner.id", "story:excerpt(5)", "story:excerpt(5,true)", "story:excerpt(500,true)", "story:excerpt(0)", "story:excerpt(-1)", "story:excerpt()", "story:excerpt(x)", "story:excerpt(5,maybe)", "story:unknown", "story:excerpt(5),title:excerpt(2)", "views:excerpt(2)", "meta:excerpt(2)", "title:excerpt(3, true)", "secret", "collectionName", "id:excerpt(2)"];

const CALLERS = ["guest", "ada", "bob", "superuser"];
const access = CALLERS.flatMap((as) => [
    ...["labels", "closed", "owned", "signed", "checked", "summary", "people", "posts", "unknown", "LABELS", "labels000000000", "_superusers", "_mfas", "_otps", "_externalAuths", "_authOrigins"].flatMap((collection) => [
        { as, path: path(collection, "?fields=id,title,name,email,secret,emailVisibility") }, { as, path: path(collection, "/missing00000000") }]),
    ...[["closed", "closed000000001"], ["owned", "owned0000000001"], ["owned", "owned0000000002"], ["signed", "signed000000001"], ["people", user(0)], ["people", user(1)], ["posts", post(0)], ["summary", post(0)], ["posts0000000000", post(1)]].flatMap(([collection, id]) => [
        { as, path: path(collection, `/${id}`) },
        { as, method: "PATCH", path: path(collection, `/${id}?fields=id,title`), body: { title: `by ${as}` } }]),
    ...["closed", "owned", "signed", "summary", "unknown"].flatMap((collection) => [
        { as, method: "POST", path: path(collection, "?fields=title,owner"), body: { title: "new" } },
        { as, method: "POST", path: path(collection, "?fields=title,owner"), body: { title: "new", owner: user(1) } },
        { as, method: "DELETE", path: path(collection, "/missing00000000") }]),
    ...["title", "story", "secret", "owner.secret", "owner.email", "owner.password", "owner.tokenKey", "closed_via_post.title", "comments_via_post.text"].map((field) => ({ as, path: path("posts", `?fields=id&sort=id&filter=${encodeURIComponent(`${field} != 'x'`)}`) })),
    ...["secret", "owner.secret", "closed_via_post.title", "@random", "@rowid"].map((field) => ({ as, path: path("posts", `?fields=collectionName&sort=${encodeURIComponent(field)}`) })),
    { as, path: path("people", `?fields=id&filter=${encodeURIComponent("email ~ 'example'")}&sort=id`) },
    { as, path: path("summary", "?expand=owner&sort=id") }, { as, path: path("summary", `?filter=${encodeURIComponent("total > 0")}&sort=id`) },
    { as, path: "/api/collections" + "?fields=name&perPage=1&page=99" }, { as, path: "/api/settings?fields=unknown" }, { as, path: "/api/collections/people/auth-methods" }, { as, path: "/api/collections/posts/auth-methods" },
    { as, method: "POST", path: "/api/collections/people/auth-refresh?fields=record.id,record.email,record.secret" },
    { as, method: "POST", path: `/api/collections/people/impersonate/${user(1)}?fields=record.id`, body: { duration: 10 } },
    { as, method: "POST", path: "/api/collections/people/impersonate/missing00000000", body: {} },
]);

const writes = [
    ...[{ title: "" }, {}, { title: "toolongtitlehere" }, { title: "one" }, { title: 5 }, { id: "short", title: "q1" }, { id: "label0000000000", title: "q2" }, { id: "LABEL0000000009", title: "q3" }, { id: "with space 0000", title: "q4" }, { id: "waytoolong0000000000", title: "q5" }, { id: "", title: "q6" }, { id: null, title: "q7" }, { id: 5, title: "q8" }, { title: "q9", unknown: 1, collectionId: "x", collectionName: "y", expand: {} }]
        .map((body) => ({ method: "POST", path: path("labels", "?fields=title"), body })),
    ...[{ id: "label0000000008" }, { id: "label0000000000" }, { title: null }, {}, { title: "two" }].map((body) => ({ method: "PATCH", path: path("labels", "/label0000000000"), body })),
    ...[["views+", 5], ["views-", 2], ["views+", "x"], ["kinds+", "c"], ["+kinds", "b"], ["kinds-", "a"], ["kinds+", ["a", "x"]], ["labels+", "label0000000002"], ["+labels", ["label0000000000"]], ["labels-", "label0000000001"], ["labels-", ["missing"]], ["slug:autogenerate", "pre-"], ["title+", "x"], ["meta+", 1], ["views:unknown", 1]]
        .map(([key, value]) => ({ method: "PATCH", path: path("posts", `/${post(1)}?fields=views,kinds,labels,title`), body: { [key]: value } })),
    { method: "PATCH", path: path("posts", `/${post(1)}?fields=views`), body: { views: 5, "views+": 2, "views-": 1 } },
    ...[{ title: "ok" }, { title: "bad" }, {}, { title: "x", locked: 1 }].map((body) => ({ as: "guest", method: "POST", path: path("checked", "?fields=title,views"), body })),
    ...[{ views: 5 }, { views: 11 }, { title: "other" }, { title: "x" }, { "views+": 4 }, { "views+": 2 }].map((body) => ({ as: "guest", method: "PATCH", path: path("checked", "/checked00000001?fields=title,views"), body })),
    ...[{}, { email: "x@example.com" }, { password: "long enough" }, { email: "n@example.com", password: "long enough", passwordConfirm: "other one" }, { email: "n@example.com", password: "short", passwordConfirm: "short" }, { email: "ada@example.com", password: "long enough", passwordConfirm: "long enough" }, { email: "ADA@example.com", password: "long enough", passwordConfirm: "long enough" }, { email: "bad", password: "long enough", passwordConfirm: "long enough" }, { email: "v@example.com", password: "long enough", passwordConfirm: "long enough", verified: true }, { id: user(0), email: "i@example.com", password: "long enough", passwordConfirm: "long enough" }, { email: "l@example.com", password: "x".repeat(80), passwordConfirm: "x".repeat(80) }, { email: "t@example.com", password: "long enough", passwordConfirm: "long enough", tokenKey: "x".repeat(40), secret: "mine" }]
        .flatMap((body) => ["guest", "superuser"].map((as) => ({ as, method: "POST", path: path("people", "?fields=email,verified,emailVisibility,secret"), body: { ...body, ...(body.email?.[1] === "@" ? { email: `${as}${body.email}` } : {}) } }))),
    ...[{ email: "moved@example.com" }, { verified: true }, { password: "longer still", passwordConfirm: "longer still" }, { password: "longer still", passwordConfirm: "longer still", oldPassword: "wrong" }, { password: "longer still" }, { emailVisibility: true }, { tokenKey: "x".repeat(40) }, { secret: "changed" }, { password: "" }, { role: "admin2" }]
        .flatMap((body) => [["bob", 1], ["bob", 2], ["ada", 2], ["guest", 1]].map(([as, number]) => ({ as, method: "PATCH", path: path("people", `/${user(number)}?fields=id,email,verified,emailVisibility,secret`), body: body.email ? { email: `${as}${number}${body.email}` } : body }))),
    ...[["", ""], ["eve@example.com", ""], ["eve@example.com", "wrong"], ["nobody@example.com", "wrong"], ["EVE@example.com", "wrong"], [5, 6], [null, null]].map(([identity, password]) => ({ as: "guest", method: "POST", path: "/api/collections/people/auth-with-password?fields=record.id", body: { identity, password } })),
    { as: "guest", method: "POST", path: "/api/collections/people/auth-with-password?fields=record.id", body: { identity: "ada@example.com", password: "long enough", identityField: "name" } },
    { as: "guest", method: "POST", path: "/api/collections/posts/auth-with-password", body: { identity: "a", password: "b" } },
    { as: "guest", method: "POST", path: "/api/collections/unknown/auth-with-password", body: { identity: "a", password: "b" } },
];

const ODD_BODIES = ["", " ", "null", "[]", "{}", "1", '"x"', "{", '{"title":"a"} trailing', '{"title":"a","title":"b"}', '{"title":}', '{"title":"\\ud800"}', '{"title":"\\u0000"}', "\u0000", '{"title":1e999}', '{"title":"x",}', "{'title':'x'}", '{"a":'.repeat(200) + "1" + "}".repeat(200)];
const bodies = [
    ...ODD_BODIES.map((body, number) => ({ key: `body ${number} ${body.slice(0, 30)}`, method: "POST", path: path("posts", "?fields=title"), body })),
    ...["text/plain", "application/xml", "application/json; charset=utf-8", "APPLICATION/JSON", "multipart/form-data", "nonsense"].map((type) => ({ key: `type ${type}`, method: "POST", path: path("posts", "?fields=title"), type, body: '{"title":"x"}' })),
    ...["title=x&views=5", "title=007&views=007", "title=true&views=1.0", "kinds=a&kinds=b", "title=a&title=b", "views=1e3", "meta=%7B%22a%22%3A1%7D", "title=%zz", "@jsonPayload=%7B%22title%22%3A%22y%22%7D", "views%2B=2", ""].map((body) => ({ key: `form ${body}`, method: "POST", path: path("posts", "?fields=title,views,kinds,meta"), type: "application/x-www-form-urlencoded", body })),
    ...[[["title", "x"], ["views", "5"]], [["kinds", "a"], ["kinds", "b"]], [["@jsonPayload", '{"title":"y","views":7}'], ["title", "plain"]], [["@jsonPayload", "[]"]], [["@jsonPayload", "{bad"]], [["@jsonPayload", '{"title":"a"}'], ["@jsonPayload", '{"views":3}']], [["meta", '{"a":[1]}']], [["views", "007"]], []]
        .map((parts) => ({ key: `multipart ${JSON.stringify(parts)}`, method: "POST", path: path("posts", "?fields=title,views,kinds,meta"), type: "multipart/form-data; boundary=xyz", body: parts.map(([name, value]) => `--xyz\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join("") + "--xyz--\r\n" })),
];

const ROUTES = [["GET", "/api/"], ["GET", "/api"], ["GET", "/api/unknown"], ["POST", "/api/unknown"], ["PUT", path("posts", `/${post(0)}`)], ["POST", path("posts", `/${post(0)}`)], ["DELETE", path("posts")], ["GET", path("posts", "/")], ["GET", "/API/health"], ["GET", "/api/health"], ["POST", "/api/health"], ["GET", "/api/health/"], ["GET", "/nothing/here"], ["POST", "/"], ["GET", "/api/collections/posts"], ["GET", "/api/batch"], ["PATCH", "/api/health"]];
const routes = ROUTES.flatMap(([method, path]) => ["guest"].map((as) => ({ key: `route ${method} ${path}`, as, method, path })));

const one = (method, url, body, headers) => ({ method, url, ...(body === undefined ? {} : { body }), ...(headers ? { headers } : {}) });
const BATCHES = [
    undefined, {}, { requests: [] }, { requests: null }, { requests: [{}] }, { requests: "x" },
    { requests: [one("POST", path("posts", "?fields=id,title"), { id: "batch0000000001", title: "b1" }), one("PATCH", path("posts", "/batch0000000001?fields=id,title"), { title: "b2" })] },
    { requests: [one("PUT", path("posts", "?fields=id,title"), { id: "batch0000000001", title: "up" }), one("PUT", path("posts", "?fields=id,title"), { id: "batch0000000002", title: "in" }), one("PUT", path("posts", "?fields=title"), { title: "no id" })] },
    { requests: [one("DELETE", path("posts", "/batch0000000001")), one("DELETE", path("posts", "/batch0000000001"))] },
    { requests: [one("DELETE", path("posts", "/batch0000000002"))] },
    { requests: [one("POST", path("labels", "?fields=title"), { title: "fresh" }), one("POST", path("labels"), { title: "fresh" })] },
    { requests: [one("POST", path("labels"), { title: "" })] }, { requests: [one("POST", path("unknown"), {})] }, { requests: [one("GET", path("posts"))] }, { requests: [one("post", path("posts"), {})] },
    { requests: [one("POST", "/api/collections", {})] }, { requests: [one("POST", "posts/records", {})] }, { requests: [one("POST", `http://example.com${path("posts")}`, {})] }, { requests: [one("POST", path("summary"), {})] },
    { requests: [one("POST", path("closed"), { title: "x" })] }, { requests: [one("POST", path("owned", "?fields=title"), { title: "x", owner: user(1) })] }, { requests: [one("POST", path("signed", "?fields=title"), { title: "x" }, { Authorization: "nonsense" })] },
    { requests: Array(11).fill(one("POST", path("posts", "?fields=title"), { title: "many" })) }, { requests: Array(10).fill(one("POST", path("posts", "?fields=title"), { title: "many" })) },
    { requests: [one("POST", path("posts", "?fields=title&expand=owner"), { title: "x", owner: user(0), "views+": 3 })] }, { requests: [one("POST", path("posts", "?fields=title,expand.owner.name&expand=owner"), { title: "x", owner: user(0) })] },
];
const batch = BATCHES.flatMap((body, number) => ["guest", "bob", "superuser"].map((as) => ({ key: `batch ${number} as ${as}`, as, method: "POST", path: "/api/batch", ...(body === undefined ? {} : { body }) })));

const deletes = [
    { method: "DELETE", path: path("labels", "/label0000000002") }, { method: "DELETE", path: path("posts", `/${post(2)}`) }, { key: "its comment is gone", path: path("comments", "/comment00000003") },
    { method: "DELETE", path: path("labels", "/label0000000001") }, { key: "label is out of the lists", path: path("posts", "?fields=id,labels&sort=id&filter=id~'post'") },
    { as: "ada", method: "DELETE", path: path("people", `/${user(1)}`) }, { as: "bob", method: "DELETE", path: path("people", `/${user(1)}`) }, { key: "owner is out", path: path("posts", `/${post(1)}?fields=owner`) },
];

export const cases = [
    ...PAGES.map((query) => ({ key: `page ${query}`, path: path("labels", query) })),
    ...EXPANDS.flatMap((expand) => ["guest", "superuser"].map((as) => ({ key: `expand ${expand} as ${as}`, as, path: path("posts", `/${post(0)}?expand=${encodeURIComponent(expand)}`) }))),
    ...EXPANDS.map((expand) => ({ key: `expand list ${expand}`, as: "guest", path: path("posts", `?sort=id&fields=id,expand&expand=${encodeURIComponent(expand)}`) })),
    ...FIELDS.flatMap((fields) => [{ key: `fields ${fields}`, path: path("posts", `/${post(0)}?expand=owner,comments_via_post&fields=${encodeURIComponent(fields)}`) }, { key: `fields list ${fields}`, path: path("posts", `?perPage=2&sort=id&expand=owner&fields=${encodeURIComponent(fields)}`) }]),
    ...access, ...writes.map((step, number) => ({ ...step, key: `write ${number} ${step.as ?? "superuser"} ${step.method} ${step.path} ${JSON.stringify(step.body).slice(0, 120)}` })), ...bodies, ...routes, ...batch, ...deletes,
];
