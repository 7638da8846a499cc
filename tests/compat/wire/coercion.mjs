// What each field type makes of every kind of input, on create and on update (contract of bodies and field types).
const FIELDS = {
    text: {}, text_limits: { type: "text", min: 2, max: 5, pattern: "^[a-z]+$" }, editor: {}, number: {},
    number_limits: { type: "number", min: -2, max: 10, onlyInt: true }, bool: {}, email: {},
    email_only: { type: "email", onlyDomains: ["example.com"] }, email_except: { type: "email", exceptDomains: ["example.com"] },
    url: {}, url_only: { type: "url", onlyDomains: ["example.com"] }, date: {},
    date_limits: { type: "date", min: "2020-01-01 00:00:00.000Z", max: "2030-01-01 00:00:00.000Z" },
    select: { values: ["a", "b", "1", "true"], maxSelect: 1 }, select_many: { type: "select", values: ["a", "b", "c", "1"], maxSelect: 2 },
    json: {}, geoPoint: {}, relation: { collectionId: "coercetargets00", maxSelect: 1 },
    relation_many: { type: "relation", collectionId: "coercetargets00", maxSelect: 3, minSelect: 2 },
};

const INPUTS = {
    "": [null, "", " ", "text", "007", "1", "-1", "1.5", "true", "false", "null", 0, 1, -1, 1.5, 1e3, 12345678901234, true, false, [], ["a", "b"], [1, 2], {}, { a: 1 }, [[]], "[]", "{}", '["a"]'],
    text_limits: ["a", "ab", "abcde", "abcdef", "ABC", "äöü"],
    editor: ["<p>x</p>"],
    number: ["1e1", " 3", "3 ", "0x10", "1,5", ".5", "5.", "+5", "1_000", "Infinity", "NaN", 0.1, 1e21, -0.5],
    number_limits: [-3, -2, 10, 11, 2.5, "2.5", "11"],
    bool: ["1", "t", "T", "TRUE", "True", "f", "F", "FALSE", "False", "tRUE", "yes", "on", 2, -1, 0.5],
    email: ["a@b.co", "a@b", "A@B.CO", "a b@c.de", "ä@example.com", "a@example.com "],
    email_only: ["a@example.com", "a@EXAMPLE.com", "a@sub.example.com", "a@other.org"],
    email_except: ["a@example.com", "a@other.org"],
    url: ["http://example.com", "https://example.com/a?b=c#d", "example.com", "ftp://example.com", "http://", "//example.com", "http://localhost:80", "mailto:a@b.co"],
    url_only: ["https://example.com/x", "https://sub.example.com", "https://other.org"],
    date: ["2025-01-02", "2025-01-02 03:04:05", "2025-01-02 03:04:05Z", "2025-01-02T03:04:05Z", "2025-01-02T03:04:05.678901Z", "2025-01-02T03:04:05+02:00", "2025-01-02 03:04:05.123Z", "02 Jan 2025", "2025-01-02 03:04", "03:04", "2025-13-01", "2025-02-30", "1735787045", 1735787045, "0001-01-01 00:00:00.000Z"],
    date_limits: ["2019-12-31", "2020-01-01", "2029-12-31 23:59:59.999Z", "2030-01-01 00:00:00.000Z", "2030-01-02"],
    select: ["a", "b", "x", ["a"], ["b", "a"], ["a", "x"]],
    select_many: ["a", ["a", "a"], ["a", "b", "c"], ["b", "a"], ["a", "x"], ["", "a"], [1], '["a","b"]', [null]],
    json: ["0012", " 12", "12", "1.5", "{bad", '{"a":1}', "[1,2]", '"x"', { b: [1, { c: null }] }, "null "],
    geoPoint: [{ lon: 1, lat: 2 }, { lon: "1.5", lat: "2" }, { lat: 5 }, { lon: 181, lat: 0 }, { lon: 0, lat: -91 }, { lon: 180, lat: 90 }, '{"lon":3,"lat":4}', { lon: 1, lat: 2, alt: 3 }, { lon: null, lat: true }],
    relation: ["target000000001", ["target000000001", "target000000002"], "target000000009", ["target000000001"]],
    relation_many: ["target000000001", ["target000000001", "target000000002"], ["target000000001", "target000000001"], ["target000000002", "target000000001"], ["target000000001", "target000000009"], ["target000000001", "target000000002", "target000000003", "target000000004"]],
};

const typeOf = (name) => FIELDS[name].type ?? name;

export const setup = [
    { method: "POST", path: "/api/collections", body: { id: "coercetargets00", name: "coerce_targets", fields: [{ name: "title", type: "text" }] } },
    ...[1, 2, 3, 4].map((number) => ({ method: "POST", path: "/api/collections/coerce_targets/records", body: { id: `target00000000${number}` } })),
    ...Object.entries(FIELDS).flatMap(([name, options]) =>
        [false, true].map((required) => ({
            method: "POST", path: "/api/collections",
            body: { name: `coerce_${name}${required ? "_required" : ""}`, fields: [{ name: "f", type: name, ...options, required }] },
        }))),
    ...Object.keys(FIELDS).map((name) => ({ method: "POST", path: `/api/collections/coerce_${name}/records`, body: { id: "record000000001", ...(name === "relation_many" ? { f: ["target000000001", "target000000002"] } : {}) } })),
];

export const cases = Object.keys(FIELDS).flatMap((name) => {
    const inputs = [...INPUTS[""], ...(INPUTS[name] ?? [])];
    const unique = [...new Map(inputs.map((input) => [JSON.stringify(input), input])).values()];
    const body = (input) => ({ f: input });
    return [
        { key: `${name} create, nothing given`, method: "POST", path: `/api/collections/coerce_${name}/records?fields=f`, body: {} },
        { key: `${name} required, nothing given`, method: "POST", path: `/api/collections/coerce_${name}_required/records?fields=f`, body: {} },
        ...unique.flatMap((input) => [
            { key: `${name} create ${JSON.stringify(input)}`, method: "POST", path: `/api/collections/coerce_${name}/records?fields=f`, body: body(input) },
            { key: `${name} required ${JSON.stringify(input)}`, method: "POST", path: `/api/collections/coerce_${name}_required/records?fields=f`, body: body(input) },
            { key: `${name} update ${JSON.stringify(input)}`, method: "PATCH", path: `/api/collections/coerce_${name}/records/record000000001?fields=f`, body: body(input) },
        ]),
        ...["f+", "+f", "f-", "f:autogenerate", "F", "f++"].flatMap((key) =>
            ["a", 1, ["a", "b"], null, ["target000000001"], ["target000000003"]].map((input) => (
                { key: `${name} ${key} ${JSON.stringify(input)} (${typeOf(name)})`, method: "PATCH", path: `/api/collections/coerce_${name}/records/record000000001?fields=f`, body: { [key]: input } }))),
    ];
});
