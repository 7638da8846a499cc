// Sign-in over the wire: one-time passwords, and two methods where a collection wants them.
const at = (collection, route) => `/api/collections/${collection}/${route}`;
const person = (name) => ({ method: "POST", path: at("members", "records"), body: { id: `${name}00000000000`.slice(0, 15), email: `${name}@example.com`, password: "correct horse", passwordConfirm: "correct horse" } });
const code = (name, id, more) => ({ method: "POST", path: at("_otps", "records"), body: { id: id.padEnd(15, "0"), collectionRef: "members00000000", recordRef: `${name}00000000000`.slice(0, 15), password: "123456", ...more } });
const first = (name, id, method) => ({ method: "POST", path: at("_mfas", "records"), body: { id: id.padEnd(15, "0"), collectionRef: "members00000000", recordRef: `${name}00000000000`.slice(0, 15), method } });
const otp = (key, id, password = "123456", more = {}, route = "members") => ({ key, as: "guest", method: "POST", path: at(route, "auth-with-otp"), body: { otpId: id.padEnd(15, "0"), password, ...more } });
const pass = (key, name, more = {}) => ({ key, as: "guest", method: "POST", path: at("members", "auth-with-password"), body: { identity: `${name}@example.com`, password: "correct horse", ...more } });
const options = (body) => ({ key: `options ${JSON.stringify(body)}`, method: "PATCH", path: "/api/collections/members?fields=mfa,otp.enabled,otp.duration,otp.length,authRule", body });
const raw = (key, body) => ({ key, as: "guest", method: "POST", path: at("members", "auth-with-otp"), body });

/** The id of a first step is new each time. */
export const reduce = (body) => (body?.mfaId === undefined ? body : { ...body, mfaId: /^[a-z0-9]{15}$/.test(body.mfaId) });

export const setup = [
    { method: "POST", path: "/api/collections", body: { id: "members00000000", name: "members", type: "auth" } },
    { method: "POST", path: "/api/collections", body: { id: "guests000000000", name: "guests", type: "auth", otp: { enabled: true } } },
    ...["ada0", "bob0", "eve0", "mia0", "zoe0"].map(person),
];

export const cases = [
    otp("off", "code1"),
    options({ otp: { enabled: true } }),
    ...[{}, { otpId: "x" }, { password: "1" }, { otpId: "x".repeat(256), password: "y".repeat(72) }, { otpId: ["x"], password: "1" }].map((body, index) => raw(`form ${index}`, body)),
    otp("unknown", "nothing"),
    otp("no collection", "nothing", "1", {}, "nowhere"),
    otp("no auth collection", "nothing", "1", {}, "_otps"),
    { key: "a code", ...code("ada0", "code1") },
    { key: "a code of nobody", ...code("nobody", "code2") },
    otp("other collection", "code1", "123456", {}, "guests"),
    otp("wrong", "code1", "654321"),
    otp("right", "code1"),
    otp("again", "code1"),
    { key: "a code that was sent", ...code("bob0", "code3", { sentTo: "bob0@example.com" }) },
    otp("proves the address", "code3"),
    pass("the password is gone", "bob0"),
    { key: "a code that was sent elsewhere", ...code("mia0", "code4", { sentTo: "other@example.com" }) },
    otp("proves nothing", "code4"),
    pass("the password stays", "mia0"),
    { key: "a code to guess", ...code("eve0", "code5") },
    ...[1, 2, 3, 4, 5, 6].map((turn) => otp(`guess ${turn}`, "code5", `${turn}`)),
    otp("too late", "code5"),
    options({ authRule: "@request.context = 'otp' && @request.body.word = 'please'" }),
    { key: "a code for the rule", ...code("zoe0", "code6") },
    otp("the rule holds", "code6", "123456", { word: "please" }),
    pass("the rule is for codes", "zoe0", { word: "please" }),
    { key: "another code for the rule", ...code("zoe0", "code7") },
    otp("the rule does not hold", "code7"),
    otp("and the code is gone", "code7"),
    options({ authRule: "", mfa: { enabled: true } }),
    pass("first step", "ada0"),
    pass("first step, fields", "ada0", { mfaId: "" }),
    { key: "a first step", ...first("ada0", "step1", "password") },
    pass("same method", "ada0", { mfaId: "step10000000000" }),
    pass("unknown step", "ada0", { mfaId: "nothing" }),
    pass("step of another", "mia0", { mfaId: "step10000000000" }),
    { key: "code 8", ...code("ada0", "code8") },
    otp("second step", "code8", "123456", { mfaId: "step10000000000" }),
    { key: "code 9", ...code("ada0", "code9") },
    otp("step used up", "code9", "123456", { mfaId: "step10000000000" }),
    { key: "a first step by code", ...first("ada0", "step2", "otp") },
    pass("second step by password", "ada0", { mfaId: "step20000000000" }),
    { key: "a step of a changed password", ...first("ada0", "step3", "otp") },
    { key: "a code of a changed password", ...code("ada0", "codea") },
    { key: "changed password", method: "PATCH", path: at("members", "records/ada000000000000"), body: { password: "another one", passwordConfirm: "another one" } },
    { key: "the step is gone", path: at("_mfas", "records/step30000000000") },
    { key: "the code is gone", path: at("_otps", "records/codea0000000000") },
    options({ mfa: { rule: "verified = true" } }),
    pass("the rule asks for one", "mia0"),
    { key: "a code for eve", ...code("mia0", "codeb", { sentTo: "mia0@example.com" }) },
    otp("the rule asks for two", "codeb"),
];
