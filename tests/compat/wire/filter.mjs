// The filter language over a fixed set of awkward rows: which rows match, in which order, or which status.
const TAGS = [["tag000000000001", "red", 1], ["tag000000000002", "blue", 2], ["tag000000000003", "", 0]];
const ROWS = [
    { s: "", n: 0 },
    { s: "abc", n: 1, b: true, d: "2025-01-01 00:00:00.000Z", one: "tag000000000001", many: ["tag000000000001"], c: "a", cs: ["a"], j: { a: 1, b: [1, 2] } },
    { s: "ABC", n: -1, b: true, d: "2025-01-01 12:30:00.500Z", one: "tag000000000002", many: ["tag000000000001", "tag000000000002"], c: "b", cs: ["a", "b"], j: { a: "1", b: [] } },
    { s: "äöÜ", n: 1.5, d: "1969-12-31 23:59:59.999Z", one: "tag000000000003", many: ["tag000000000003"], c: "", cs: ["c"], j: [1, "x", null] },
    { s: "50%_x", n: 1e15, d: "2099-12-31 00:00:00.000Z", many: ["tag000000000002", "tag000000000003"], cs: ["a", "b", "c"], j: null },
    { s: "a'b\"c", n: 0.1, j: "text", e: "a@b.co" },
    { s: "back\\slash", n: 10, j: "", u: "https://example.com" },
    { s: " pad ", n: 2, j: 5, g: { lon: 1.5, lat: -2 } },
    { s: "10", n: 9, j: true, g: { lon: 23.3, lat: 42.7 } },
    { s: "9", n: 100, j: { a: null, nested: { deep: ["x", { y: "z" }] } } },
    { s: "line\nbreak", n: -0.5, j: false },
    { s: "null", n: 3, b: true, j: { a: true } },
];
const id = (number) => `row${String(number).padStart(12, "0")}`;

const OPERATORS = ["=", "!=", ">", ">=", "<", "<=", "~", "!~", "?=", "?!=", "?>", "?<", "?~", "?!~"];
const FIELDS = ["s", "n", "b", "d", "one", "many", "c", "cs", "j", "e", "u", "j.a", "j.b.0", "j.0", "j.nested.deep.1.y", "g.lon", "s:lower", "cs:each", "cs:length", "many:length", "many:each", "many.id", "many.label", "one.id", "one.label", "one.weight", "many.weight", "filter_links_via_row.note", "filter_links_via_row.id"];
const LITERALS = ["''", "null", "true", "false", "0", "1", "'1'", "'abc'", "1.5", "'2025-01-01'", "'tag000000000001'", "'red'", "'a'"];

const ODD = [
    "", " ", "()", "s", "s =", "= 's'", "s = 'abc' &&", "(s = 'abc'", "s = 'abc')", "s == 'abc'", "s = abc", "s = \"abc\"", "s='abc'", "s = 'abc' and n = 1", "s = 'abc' && n = 1 || n = 9", "s = 'abc' && (n = 1 || n = 9)", "(s = 'abc')", "((s = 'abc'))",
    "s = 'abc' // comment", "// only a comment", "s = 'abc' /* no */", "s = 'a\\'b\"c'", "s = \"a'b\\\"c\"", "s = 'back\\\\slash'", "s = 'back\\slash'", "s = 'line\\nbreak'", "s\t=\n'abc'", "s\r= 'abc'", "s = 'abc\u0000'",
    "n = -1", "n = - 1", "n = 1e3", "n = .5", "n = 1.", "n = 01", "n = +1", "n = 1 + 1", "n > 0 && n < 2", "n = 1000000000000000", "n = 99999999999999999999",
    "s ~ '%'", "s ~ '50%'", "s ~ '50\\%'", "s ~ '_'", "s ~ 'a_c%'", "s ~ 'B'", "s ~ 'Ö'", "s ~ 'ö'", "s ~ 'abc%'", "s ~ '%bc'", "s ~ '\\'", "'xabcx' ~ s", "'abc' = s", "s = s", "n = n", "1 = 1", "1 = 2", "'a' = 'a'", "null = null", "true", "true = true", "TRUE = true", "b = True", "b = NULL", "s:lower = 'abc'", "s:lower = s", "s:upper = 'A'", "s:each = 'a'", "s:length = 3", "s:isset = true", "cs:each:lower = 'a'", "cs:length > 1", "cs:length = '2'", "j:length = 2", "j:each = 1", "n:length = 0",
    "unknown = 1", "one.unknown = 1", "s.x = 1", "n.x = 1", "many.label.x = 1", "one.many = 1", "j[0] = 1", "j. = 1", ".s = 1", "s.. = 1", "id = 'row000000000001'", "id ~ 'row'", "id != ''", "collectionId = ''", "collectionName = ''", "expand = ''", "@rowid = 1", "created > '2020-01-01'",
    "@now > '2020'", "@year > 2020", "@month > 0", "@weekday < 7", "@hour >= 0", "@second >= 0", "@minute >= 0", "@day > 0", "@todayStart < @todayEnd", "@monthStart < @monthEnd", "@yearStart < @yearEnd", "@yesterday < @tomorrow", "@unknown = 1", "d < @now", "d > @now",
    "@request.method = 'GET'", "@request.method = 'POST'", "@request.context = 'default'", "@request.query.page = ''", "@request.query.probe = '1'", "@request.query.probe = 1", "@request.query.missing = ''", "@request.query.missing:isset = false", "@request.query.probe:isset = true", "@request.headers.x_probe = 'yes'", "@request.headers.missing = ''", "@request.auth.id != ''", "@request.auth.collectionName = '_superusers'", "@request.auth.email = 'root@example.com'", "@request.auth.unknown = ''", "@request.body.x = ''", "@request.body.x:isset = false", "@request.data.x = ''", "@request = 1", "@request.unknown.x = 1",
    "@collection.filter_tags.label ?= 'red'", "@collection.filter_tags.label = 'red'", "@collection.filter_tags.id ?= one", "@collection.filter_tags:x.id ?= one && @collection.filter_tags:x.label ?= 'red'", "@collection.unknown.x ?= 1", "@collection.filter_tags ?= 1",
    "filter_links_via_row.note ?= 'first' && filter_links_via_row.weight ?= 2", "filter_links_via_row.weight > 0", "filter_links_via_row = ''", "filter_links_via_row:length = 1", "filter_links_via_unknown.id = ''", "unknown_via_row.id = ''", "one.filter_rows_via_one.s ?= 'abc'", "many.filter_rows_via_many.s ?= 'ABC'", "one.filter_rows_via_one.one.filter_rows_via_one.s ?= 'abc'",
    "geoDistance(g.lon, g.lat, 23.3, 42.7) < 1", "geoDistance(g.lon, g.lat, 0, 0) < 500", "geoDistance(1, 2, 3) < 1", "geoDistance('1', 2, 3, 4) < 1", "geoDistance(g.lon, g.lat, s, 4) > 0", "unknown(1) = 1", "strftime('%Y', d) = '2025'", "strftime('%Y-%m', d, '+1 month') = '2025-02'", "strftime('%Y') > '2020'", "strftime(s, d) = ''", "strftime('%Y', '2020-05-05') = '2020'", "strftime('%Y', e) = ''", "strftime() = ''", "strftime('%w', 1.5) != ''",
    "many.label = 'red' || many.label = 'blue'", "many.label ?= 'red' && many.label ?= 'blue'", "many.label != many.id", "cs:each = many.label", "cs:each ?= c", "cs:each != 'a' && cs:each != 'b'", "many.id = '' && cs:length = 0", "one = many.id", "one ?= many.id", "many ~ 'tag000000000001'", "cs ~ 'a'", "cs = '[]'", "cs = '[\"a\"]'", "many = '[]'",
    "1 = 1; DROP TABLE filter_rows", "s = 'x' OR 1=1", "s = '' UNION SELECT 1", "s = ''--", "s = `abc`", "s = $1", "s = {:x}", "s = 'abc' & n = 1", "s = 'abc' | n = 1", "!(s = 'abc')", "s in ('abc')", "s like 'abc'", "s => 1", "s <> 'abc'", "s ?? 1", "s ? = 1", "s ! = 1", "s = 'unclosed", "💥 = 1", "ä = 1",
];

const list = (filter, extra = "") => `/api/collections/filter_rows/records?fields=id&skipTotal=1&perPage=100&filter=${encodeURIComponent(filter)}${extra}`;

export const setup = [
    { method: "POST", path: "/api/collections", body: { id: "filtertags00000", name: "filter_tags", fields: [{ name: "label", type: "text" }, { name: "weight", type: "number" }] } },
    { method: "POST", path: "/api/collections", body: { id: "filterrows00000", name: "filter_rows", fields: [
        { name: "s", type: "text" }, { name: "n", type: "number" }, { name: "b", type: "bool" }, { name: "d", type: "date" }, { name: "e", type: "email" }, { name: "u", type: "url" },
        { name: "one", type: "relation", collectionId: "filtertags00000", maxSelect: 1 }, { name: "many", type: "relation", collectionId: "filtertags00000", maxSelect: 9 },
        { name: "c", type: "select", values: ["a", "b"], maxSelect: 1 }, { name: "cs", type: "select", values: ["a", "b", "c"], maxSelect: 3 },
        { name: "j", type: "json" }, { name: "g", type: "geoPoint" },
        { name: "created", type: "autodate", onCreate: true }, { name: "updated", type: "autodate", onCreate: true, onUpdate: true } ] } },
    { method: "POST", path: "/api/collections", body: { id: "filterlinks0000", name: "filter_links", fields: [
        { name: "row", type: "relation", collectionId: "filterrows00000", maxSelect: 1 }, { name: "note", type: "text" }, { name: "weight", type: "number" } ] } },
    ...TAGS.map(([id, label, weight]) => ({ method: "POST", path: "/api/collections/filter_tags/records", body: { id, label, weight } })),
    ...ROWS.map((row, number) => ({ method: "POST", path: "/api/collections/filter_rows/records", body: { id: id(number), ...row } })),
    ...[[1, "first", 1], [1, "second", 2], [2, "first", 2], [3, "", 0]].map(([row, note, weight], number) => (
        { method: "POST", path: "/api/collections/filter_links/records", body: { id: `link0000000000${number}`, row: id(row), note, weight } })),
];

/** Of a page only the numbers of its rows, in order: there are thousands of pages. */
export function reduce(body) {
    return body.items?.every((item) => item.id) ? body.items.map((item) => Number(item.id.replace(/\D+/, ""))).join(" ") : body;
}

const filters = [...new Set([...FIELDS.flatMap((field) => OPERATORS.flatMap((operator) => LITERALS.map((literal) => `${field} ${operator} ${literal}`))), ...ODD,
    Array(200).fill("n = 1").join(" || "), Array(201).fill("n = 1").join(" || "), `s = '${"x".repeat(3600)}'`, "(".repeat(100) + "n = 1" + ")".repeat(100)])];

export const cases = [
    ...filters.map((filter) => ({ key: filter.length < 200 ? filter : `${filter.slice(0, 20)}… (${filter.length})`, path: list(filter, "&probe=1"), headers: { "x-probe": "yes" } })),
    ...["s", "-s", "n", "-n", "+n", "n,-s", "b,-n", "d", "one", "one.label", "-one.label,n", "many.label", "many.weight,-n", "j", "j.a", "cs:length", "-cs:length,n", "s:lower", "cs:each", "@rowid", "-@rowid", "id", "-id", "unknown", "", ",", "s,", "-", "--s", " s", "s , n", "s asc", "n;s", "one.unknown", "filter_links_via_row.weight", "g.lon", "e", "a,b,c,d,e,f,g,h,i", "s,n,b,d,one,c,e,u", "s,n,b,d,one,c,e,u,id", "@request.auth.id", "@collection.filter_tags.label", "created", "s:unknown", "x".repeat(300)]
        .map((sort) => ({ key: `sort ${sort.slice(0, 40)}`, path: `/api/collections/filter_rows/records?fields=id&perPage=100&sort=${encodeURIComponent(sort)}` })),
    ...["s", "n", "cs:each", "one.label", "many.label", "filter_links_via_row.note", "@request.auth.id", "@collection.filter_tags.label", "e"].flatMap((field) =>
        ["guest"].map((as) => ({ key: `${as} ${field} = ''`, as, path: list(`${field} = ''`) }))),
];
