//! An app with everything in it, made through the API of PocketBase.

use serde_json::{Value as Json, json};

use crate::app::PASSWORD;
use crate::client::Client;

const ADA: &str = "ada@example.com";
/// Accounts of `members`: who needs no second factor, who does, who may not sign in.
pub const MEMBERS: [&str; 3] = ["free", "two", "barred"];
/// Ids as they were allowed over the years.
pub const ODD_IDS: [&str; 12] = [
    "A-b_c,d",
    "ünïcode",
    "x",
    "ends.with=sign&",
    "a b",
    "50%41",
    "😀😀",
    "-",
    "__proto__",
    "0",
    "null",
    "(x)~[y]{z}!@#$^+;",
];
/// Names that mean something in SQL or nothing anywhere.
pub const ODD_NAMES: [&str; 5] = ["select", "Order_By", "_9", "x", "Ungleich_NAME_9"];

/// Somebody who asks: a name and the token from before the move.
pub type Caller = (&'static str, Option<String>);

pub fn id(number: usize) -> String {
    format!("r{number:014}")
}

/// Makes the app and signs in whoever will ask.
pub async fn fill(root: &Client) -> Vec<Caller> {
    settings(root).await;
    users(root).await;
    things(root).await;
    odd(root).await;
    documents(root).await;
    views(root).await;
    members(root).await;
    traces(root).await;
    let mut callers = vec![("guest", None), ("superuser", root.token.clone())];
    for (name, collection, identity) in
        [("ada", "users", ADA), ("bob", "users", "bob@example.com"), ("free", "members", "free@example.com")]
    {
        callers.push((name, Some(signed_in(root, collection, identity).await)));
    }
    callers
}

pub async fn signed_in(root: &Client, collection: &str, identity: &str) -> String {
    let guest = root.with(None);
    let form = json!({ "identity": identity, "password": PASSWORD });
    let reply = guest.post(&format!("/api/collections/{collection}/auth-with-password"), form).await.ok();
    reply["token"].as_str().expect("a token").to_owned()
}

async fn settings(root: &Client) {
    let settings = json!({
        "meta": { "appName": "Moved", "appURL": "https://app.example.com/x", "senderName": "Ünï", "hideControls": true },
        "batch": { "enabled": true, "maxRequests": 7, "timeout": 9 },
        "logs": { "maxDays": 3, "logAuthId": true },
        "trustedProxy": { "headers": ["X-Real-IP"], "useLeftmostIP": true },
        "rateLimits": { "enabled": false, "rules": [
            { "label": "documents:create", "maxRequests": 5, "duration": 60, "audience": "@guest" },
            { "label": "/api/", "maxRequests": 100, "duration": 1 } ], "excludedIPs": ["10.0.0.0/8"] },
        "smtp": { "enabled": false, "host": "mail.example.com", "password": "secret" },
    });
    root.patch("/api/settings", settings).await.ok();
}

async fn users(root: &Client) {
    for name in ["Ada", "Bob", "Cyd"] {
        let low = name.to_lowercase();
        let body = json!({ "email": format!("{low}@example.com"), "password": PASSWORD, "passwordConfirm": PASSWORD,
            "name": name, "id": format!("{low}000000000000"), "verified": name == "Cyd", "emailVisibility": name == "Bob" });
        root.post("/api/collections/users/records", body).await.ok();
    }
}

async fn things(root: &Client) {
    let users = root.get("/api/collections/users").await.ok()["id"].as_str().expect("an id").to_owned();
    let own = "owner = @request.auth.id";
    let rules = [
        ("things", Some(""), Some("")),
        ("closed", None, None),
        ("owned", Some(own), Some(own)),
        (
            "shared",
            Some("list.owner ?= @request.auth.id || @request.auth.id = ''"),
            Some("@request.body.n:isset = false || n < 100"),
        ),
    ];
    for (name, read, write) in rules {
        let indexes = [
            format!("CREATE INDEX `idx_{name}_n` ON `{name}` (`n`, `title` COLLATE NOCASE DESC)"),
            format!("CREATE UNIQUE INDEX idx_{name}_u ON {name} (`_odd9`) WHERE `_odd9` != ''"),
            format!("CREATE INDEX `idx_{name}_e` ON `{name}` (lower(`title`))"),
        ];
        let model = |fields: Json| {
            json!({ "name": name, "type": "base", "fields": fields, "indexes": indexes, "listRule": read,
                "viewRule": read, "createRule": write, "updateRule": write, "deleteRule": write })
        };
        let mut fields = thing_fields(&users);
        // A relation to itself needs the collection first.
        let read_later = read.filter(|rule| rule.contains("list."));
        let mut first = model(fields.clone());
        if read_later.is_some() {
            first["listRule"] = Json::Null;
            first["viewRule"] = Json::Null;
        }
        let mut made = root.post("/api/collections", first.clone()).await;
        if made.status == 400 {
            // Points on the globe came with 0.27.
            fields.as_array_mut().expect("fields").retain(|field| field["type"] != "geoPoint");
            first["fields"] = fields;
            made = root.post("/api/collections", first).await;
        }
        let made = made.ok();
        let mut all = made["fields"].as_array().expect("fields").clone();
        all.push(json!({ "name": "list", "type": "relation", "collectionId": made["id"], "maxSelect": 5 }));
        let path = format!("/api/collections/{name}");
        root.patch(&path, json!({ "fields": all })).await.ok();
        root.patch(&path, json!({ "listRule": read, "viewRule": read })).await.ok();
        for number in 0..40 {
            root.post(&format!("{path}/records"), thing(number)).await.ok();
        }
    }
}

fn thing_fields(users: &str) -> Json {
    json!([
        { "name": "title", "type": "text", "max": 200, "presentable": true },
        { "name": "n", "type": "number" }, { "name": "flag", "type": "bool" },
        { "name": "whole", "type": "number", "onlyInt": true, "min": -5, "max": 1000 },
        { "name": "email_field", "type": "email", "exceptDomains": ["example.org"] },
        { "name": "link", "type": "url", "onlyDomains": ["example.com"] },
        { "name": "body", "type": "editor" },
        { "name": "when", "type": "date", "min": "2000-01-01 00:00:00.000Z", "max": "2100-01-01 00:00:00.000Z" },
        { "name": "one", "type": "select", "values": ["a", "b", "ü \" ,"], "maxSelect": 1 },
        { "name": "many", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3 },
        { "name": "owner", "type": "relation", "collectionId": users, "maxSelect": 1, "cascadeDelete": true },
        { "name": "json", "type": "json", "maxSize": 5000 }, { "name": "geo", "type": "geoPoint" },
        { "name": "code", "type": "text", "pattern": "^[A-Z]*$", "autogeneratePattern": "", "min": 0, "max": 9 },
        { "name": "secret", "type": "text", "hidden": true },
        { "name": "lock", "type": "password", "min": 4 },
        { "name": "created", "type": "autodate", "onCreate": true },
        { "name": "updated", "type": "autodate", "onCreate": true, "onUpdate": true },
        { "name": "_odd9", "type": "text" },
    ])
}

fn thing(number: usize) -> Json {
    let values = [
        json!(null),
        json!(12),
        json!(1.5),
        json!("text"),
        json!(true),
        json!({ "a": { "b": number } }),
        json!([1, "x", null]),
        json!("0012"),
        json!(""),
        json!(1e21),
        json!("{bad"),
    ];
    let numbers = [0.0, -1.5, 1e15, 0.1, 123_456_789.0, 1e-7, 7.0];
    let dates = ["", "2024-05-06 07:08:09.123Z", "2023-01-01"];
    let ones = ["", "a", "ü \" ,"];
    let manies = [json!([]), json!(["b"]), json!(["c", "a"])];
    let owners = ["", "ada000000000000", "bob000000000000"];
    json!({
        "id": id(number), "title": format!("Title {number} \u{1F600} \"quoted\" <b>"), "n": numbers[number % 7],
        "flag": number.is_multiple_of(2), "email_field": if number.is_multiple_of(3) { format!("m{number}@example.com") } else { String::new() },
        "link": "https://example.com/?a=b#c", "body": "<p>ä &amp; b</p>\n", "when": dates[number % 3],
        "one": ones[number % 3], "many": manies[number % 3], "whole": number, "code": "ABC",
        "owner": owners[number % 3], "json": values[number % 11], "lock": if number < 2 { "very secret" } else { "" },
        "geo": { "lon": number as f64 / 3.0, "lat": -12.25 }, "secret": "hidden", "_odd9": if number.is_multiple_of(4) { String::new() } else { format!("u{number}") },
        "list": if number > 1 { json!([id(number - 1), id(0)]) } else { json!([]) },
    })
}

/// Odd names of collections and fields, and odd ids.
async fn odd(root: &Client) {
    for name in ODD_NAMES {
        let key = json!({ "name": "id", "type": "text", "primaryKey": true, "required": true, "system": true, "pattern": "^.+$", "max": 60 });
        let text = |name: &str| json!({ "name": name, "type": "text" });
        let fields = json!([
            key,
            text("from"),
            text("GROUP"),
            text("_x"),
            text("rowid"),
            text("UPPER_lower9"),
            text("constraint")
        ]);
        let model = json!({ "name": name, "type": "base", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
            "fields": fields, "indexes": [format!("CREATE INDEX `i-{name}` ON `{name}` (`from`, `GROUP`)")] });
        root.post("/api/collections", model).await.ok();
        for (number, id) in ODD_IDS.iter().enumerate() {
            // Some are refused by some versions.
            root.post(
                &format!("/api/collections/{name}/records"),
                json!({ "id": id, "from": number.to_string(), "GROUP": "g", "rowid": "r" }),
            )
            .await;
        }
    }
}

/// Records with files, single and many.
async fn documents(root: &Client) {
    let fields = json!([
        { "name": "title", "type": "text" },
        { "name": "doc", "type": "file", "maxSelect": 1, "maxSize": 50000, "mimeTypes": ["text/plain"] },
        { "name": "pics", "type": "file", "maxSelect": 5, "thumbs": ["10x10"], "protected": true },
    ]);
    let model = json!({ "name": "documents", "type": "base", "fields": fields, "listRule": "", "viewRule": "", "updateRule": "" });
    root.post("/api/collections", model).await.ok();
    for number in 0..6 {
        let mut body = format!(
            "--X\r\nContent-Disposition: form-data; name=\"@jsonPayload\"\r\n\r\n{}\r\n",
            json!({ "id": id(number), "title": format!("d{number}") })
        );
        let mut file = |field: &str, name: &str| {
            body.push_str(&format!("--X\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: text/plain\r\n\r\nsome text {number}\r\n"));
        };
        if number > 0 {
            file("doc", "Ünï code (1) & more.txt");
        }
        for name in ["a.txt", "b", ".c.tar.gz"].iter().take(number % 4) {
            file("pics", name);
        }
        body.push_str("--X--\r\n");
        root.post_raw("/api/collections/documents/records", "multipart/form-data; boundary=X", body).await.ok();
    }
}

async fn views(root: &Client) {
    let view = |name: &str, query: &str| json!({ "name": name, "type": "view", "viewQuery": query, "listRule": "", "viewRule": "" });
    for (name, query) in [
        ("things_view", "SELECT id, title, n, owner, many, json, (n * 2) AS twice FROM things"),
        ("view_of_view", "SELECT id, title, count(id) AS c FROM things_view GROUP BY n"),
        (
            "joined",
            "SELECT o.id, o.title, u.name AS who, u.email, d.doc FROM owned o LEFT JOIN users u ON u.id = o.owner LEFT JOIN documents d ON d.id = o.id",
        ),
    ] {
        root.post("/api/collections", view(name, query)).await.ok();
    }
}

/// Accounts with every way to sign in.
async fn members(root: &Client) {
    let model = json!({
        "name": "members", "type": "auth", "listRule": "id = @request.auth.id", "viewRule": "", "createRule": "", "updateRule": "id = @request.auth.id",
        "authRule": "nick != 'barred'", "manageRule": "@request.auth.collectionName = 'users' && @request.auth.name = 'Ada'",
        "fields": [{ "name": "nick", "type": "text" }, { "name": "avatar", "type": "file", "maxSelect": 1 }],
        "indexes": ["CREATE UNIQUE INDEX `idx_nick` ON `members` (`nick`)"],
        "passwordAuth": { "enabled": true, "identityFields": ["email", "nick"] },
        "otp": { "enabled": true, "duration": 200, "length": 6 },
        "mfa": { "enabled": true, "duration": 700, "rule": "nick != 'free'" },
        "authToken": { "duration": 99_999 }, "authAlert": { "enabled": false },
        "oauth2": { "enabled": true, "mappedFields": { "name": "nick", "avatarURL": "avatar" }, "providers": [
            { "name": "google", "clientId": "g", "clientSecret": "a secret" },
            { "name": "oidc", "clientId": "o", "clientSecret": "another", "authURL": "https://id.example.com/a", "tokenURL": "https://id.example.com/t",
              "userInfoURL": "https://id.example.com/u", "displayName": "Own", "pkce": false, "extra": { "issuers": ["https://id.example.com"] } },
        ] },
    });
    let mut made = root.post("/api/collections", model.clone()).await;
    if made.status == 400 {
        // Extra options of providers are younger than 0.23.
        let mut model = model;
        model["oauth2"]["providers"].as_array_mut().expect("providers").truncate(1);
        made = root.post("/api/collections", model).await;
    }
    made.ok();
    for nick in MEMBERS {
        let body = json!({ "id": format!("{nick:0<15}"), "email": format!("{nick}@example.com"), "nick": nick, "password": PASSWORD,
            "passwordConfirm": PASSWORD, "verified": true });
        root.post("/api/collections/members/records", body).await.ok();
    }
}

/// What sign-ins leave of the accounts.
async fn traces(root: &Client) {
    let users = root.get("/api/collections/users").await.ok()["id"].as_str().expect("an id").to_owned();
    for (number, owner) in ["ada", "bob"].iter().enumerate() {
        let of = |rest: Json| {
            let mut body =
                json!({ "id": id(number), "collectionRef": users, "recordRef": format!("{owner}000000000000") });
            body.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
            body
        };
        for (collection, rest) in [
            ("_externalAuths", json!({ "provider": "google", "providerId": format!("sub-{owner}") })),
            ("_mfas", json!({ "method": "password" })),
            ("_otps", json!({ "password": "123456", "sentTo": format!("{owner}@example.com") })),
            ("_authOrigins", json!({ "fingerprint": format!("{owner}-browser") })),
        ] {
            root.post(&format!("/api/collections/{collection}/records"), of(rest)).await.ok();
        }
    }
    // Sign-ins that are under way: a code that was sent, and one that is the second factor of a begun one.
    let members = root.get("/api/collections/members").await.ok()["id"].as_str().expect("an id").to_owned();
    for (number, nick, collection, rest) in [
        (7, MEMBERS[0], "_otps", json!({ "password": "654321", "sentTo": "free@example.com" })),
        (8, MEMBERS[1], "_otps", json!({ "password": "654321", "sentTo": "two@example.com" })),
        (9, MEMBERS[1], "_mfas", json!({ "method": "password" })),
    ] {
        let mut body = json!({ "id": id(number), "collectionRef": members, "recordRef": format!("{nick:0<15}") });
        body.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        root.post(&format!("/api/collections/{collection}/records"), body).await.ok();
    }
}
