//! Generated expressions: comparisons of awkward operands, joined and put in parentheses.

use super::random::Random;

const OPERATORS: &[&str] = &[
    "=", "=", "!=", "!=", ">", ">=", "<", "<=", "~", "~", "!~", "?=", "?=", "?!=", "?>", "?>=", "?<", "?<=", "?~",
    "?!~",
];

const LITERALS: &[&str] = &[
    "''",
    "null",
    "true",
    "false",
    "0",
    "1",
    "2",
    "5",
    "-1",
    "1.5",
    "0.1",
    "-1.5",
    "9",
    "10",
    "100",
    "1000000000000000",
    "1000000000000000000000",
    "9007199254740993",
    "123456.789",
    "0.0000001",
    "'0'",
    "'1'",
    "'5'",
    "'5.0'",
    "'05'",
    "' 5'",
    "'1e21'",
    "'1.0e+21'",
    "'1.5'",
    "'10'",
    "'true'",
    "'a'",
    "'A'",
    "'b'",
    "'É'",
    "'é'",
    "'%'",
    "'_'",
    "'a_%'",
    "'\\\\'",
    "'50%'",
    "'50\\%'",
    "'\\%c'",
    "'%b\\%'",
    "'[]'",
    "'{}'",
    "'[\"a\"]'",
    "'red'",
    "'Red'",
    "'first'",
    "'x'",
    "'2025-01-01'",
    "'2025-01-01 00:00:00.000Z'",
    "'2025'",
    "'t10000000000000'",
    "'t1'",
    "'ada000000000000'",
    "'p1x000000000000'",
    "'ada'",
    "'Ada'",
    "'ada@example.com'",
    "'bob@example.com'",
    "'@example'",
    "@year",
    "@now",
    "'null'",
    "'😀'",
    "'line\\nbreak'",
];

const OWN: &[&str] = &[
    "s",
    "t",
    "n",
    "m",
    "b",
    "d",
    "j",
    "c",
    "cs",
    "e",
    "u",
    "g.lon",
    "g.lat",
    "id",
    "one",
    "many",
    "author",
    "readers",
    "safe",
    "s:lower",
    "cs:each",
    "cs:length",
    "many:each",
    "many:length",
    "readers:each",
    "c:each",
    "c:length",
    "one:length",
    "one:each",
    "s:length",
    "n:each",
    "j.a",
    "j.b",
    "j.b.0",
    "j.0",
    "j.1",
    "j.nested.deep.1.y",
    "j.a:lower",
    "j:length",
    "g",
    "c:lower",
    "e:lower",
    "n:lower",
    "cs:lower",
    "many:lower",
];

const RELATED: &[&str] = &[
    "one.id",
    "one.label",
    "one.weight",
    "one.up",
    "one.up.label",
    "one.up.up.up.label",
    "one.up.up.up.up.up.up.label",
    "one.up.up.up.up.up.up.up.label",
    "one.meta",
    "one.meta.a",
    "one.meta.0",
    "one.label:lower",
    "many.id",
    "many.label",
    "many.weight",
    "many.label:lower",
    "many.meta",
    "many.meta.a",
    "many.up",
    "many.up.id",
    "many.up.label",
    "many.up.weight",
    "author.id",
    "author.name",
    "author.age",
    "author.email",
    "author.verified",
    "author.boss.name",
    "author.boss.email",
    "author.friends",
    "author.friends.name",
    "author.friends.id",
    "author.friends:each",
    "author.friends:length",
    "author.roles",
    "author.roles:each",
    "author.pos.lon",
    "author.meta.tags.0",
    "author.meta.a",
    "readers.name",
    "readers.id",
    "readers.age",
    "readers.email",
    "readers.friends.name",
    "readers.friends.age",
    "readers.friends.id",
    "readers.friends",
    "readers.friends:each",
    "readers.friends:length",
    "readers.roles:each",
    "readers.boss",
    "readers.boss.name",
    "readers.pos.lon",
];

const BACK: &[&str] = &[
    "comments_via_post.id",
    "comments_via_post.text",
    "comments_via_post.votes",
    "comments_via_post.author",
    "comments_via_post.author.name",
    "comments_via_post.author.friends.id",
    "comments_via_post.kinds",
    "comments_via_post.kinds:each",
    "comments_via_post.kinds:length",
    "covers_via_post.title",
    "covers_via_post.id",
    "mentions_via_posts.note",
    "mentions_via_posts.rank",
    "mentions_via_posts.by.name",
    "mentions_via_posts.id",
    "mentions_via_posts.posts.s",
    "author.mentions_via_by.note",
    "author.comments_via_author.votes",
    "one.posts_via_one.s",
    "one.posts_via_many.n",
    "many.posts_via_one.s",
];

const GUARDED: &[&str] = &[
    "hid",
    "one.secret",
    "many.secret",
    "author.secret",
    "safe.label",
    "author.tokenKey",
    "unknown",
    "one.unknown",
    "s.x",
    "comments_via_post",
    "posts_via_safe.s",
    "collectionId",
    "collectionName",
    "one.collectionId",
    "author.password",
    "@rowid",
    "expand",
];

const COLLECTIONS: &[&str] = &[
    "@collection.tags.label",
    "@collection.tags.weight",
    "@collection.tags.id",
    "@collection.tags:x.label",
    "@collection.tags:x.weight",
    "@collection.people.email",
    "@collection.people.friends.name",
    "@collection.comments.post",
    "@collection.comments.votes",
    "@collection.posts.n",
    "@collection.vault.label",
    "@collection.people.roles:each",
];

const REQUEST: &[&str] = &[
    "@request.auth.id",
    "@request.auth.id",
    "@request.auth.name",
    "@request.auth.age",
    "@request.auth.email",
    "@request.auth.verified",
    "@request.auth.secret",
    "@request.auth.none",
    "@request.auth.boss",
    "@request.auth.boss.name",
    "@request.auth.boss.friends.name",
    "@request.auth.friends",
    "@request.auth.friends.name",
    "@request.auth.friends.id",
    "@request.auth.friends.age",
    "@request.auth.friends:each",
    "@request.auth.friends:length",
    "@request.auth.roles",
    "@request.auth.roles:each",
    "@request.auth.roles:length",
    "@request.auth.comments_via_author.text",
    "@request.auth.comments_via_author.votes",
    "@request.auth.meta.a",
    "@request.auth.meta.tags.0",
    "@request.auth.meta",
    "@request.auth.pos.lon",
    "@request.auth.name:lower",
    "@request.auth.id:isset",
    "@request.auth.none:isset",
    "@request.auth.name:isset",
    "@request.auth.collectionName",
    "@request.auth.collectionId",
    "@request.auth.emailVisibility",
    "@request.query.probe",
    "@request.query.empty",
    "@request.query.missing",
    "@request.query.probe:isset",
    "@request.query.missing:isset",
    "@request.headers.x_probe",
    "@request.headers.x_probe:lower",
    "@request.headers.missing",
    "@request.headers.x_probe:isset",
    "@request.method",
    "@request.context",
];

pub const BODY: &[&str] = &[
    "@request.body.s",
    "@request.body.n",
    "@request.body.b",
    "@request.body.d",
    "@request.body.j",
    "@request.body.j.a",
    "@request.body.j.b.0",
    "@request.body.c",
    "@request.body.cs",
    "@request.body.cs:each",
    "@request.body.cs:length",
    "@request.body.many",
    "@request.body.many:each",
    "@request.body.many:length",
    "@request.body.many.label",
    "@request.body.many.id",
    "@request.body.many.weight",
    "@request.body.one",
    "@request.body.one.id",
    "@request.body.one.label",
    "@request.body.one.weight",
    "@request.body.one.up.label",
    "@request.body.author.name",
    "@request.body.author.friends.name",
    "@request.body.author.boss",
    "@request.body.one.posts_via_one.s",
    "@request.body.s:isset",
    "@request.body.n:isset",
    "@request.body.many:isset",
    "@request.body.s:lower",
    "@request.body.c:length",
    "@request.body.one:length",
    "@request.body.unknown",
    "@request.body.unknown:isset",
    "@request.body.unknown.a",
    "@request.body.unknown.list.0",
    "@request.body.id",
    "@request.body.s:length",
    "@request.body.unknown:length",
    "@request.body.s:changed",
    "@request.body.n:changed",
    "@request.body.b:changed",
    "@request.body.d:changed",
    "@request.body.c:changed",
    "@request.body.cs:changed",
    "@request.body.many:changed",
    "@request.body.one:changed",
    "@request.body.j:changed",
    "@request.body.unknown:changed",
];

const DRAFT: &[&str] = &[
    "s",
    "n",
    "b",
    "d",
    "j",
    "j.a",
    "c",
    "cs",
    "cs:each",
    "cs:length",
    "one",
    "one.label",
    "one.weight",
    "many",
    "many.id",
    "many.label",
    "many:each",
    "many:length",
    "author.name",
    "author.friends.name",
    "author",
    "id",
];

const CREATED: &[&str] = &[
    "s:lower",
    "j.a",
    "cs:each",
    "cs:length",
    "one.label",
    "one.weight",
    "many.id",
    "many.label",
    "many:each",
    "many:length",
    "author.name",
    "author.friends.name",
];

const CALLS: &[&str] = &[
    "geoDistance(g.lon, g.lat, 23, 42)",
    "geoDistance(author.pos.lon, author.pos.lat, g.lon, g.lat)",
    "geoDistance(readers.pos.lon, readers.pos.lat, 0, 0)",
    "geoDistance(0, 0, 1, 1)",
    "geoDistance(s, n, 1, 1)",
    "strftime('%Y', d)",
    "strftime('%Y-%m-%d', n)",
    "strftime('%Y', s)",
    "strftime('%Y', readers.age)",
    "strftime('x', 5)",
    "strftime('%Y', strftime('%Y-%m-%d', d))",
];

/// Which operands an expression may have.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// A superuser's filter or a list rule on posts: everything.
    Trusted,
    /// The filter of somebody who is limited.
    Client,
    /// A term of an order. Addresses are left out, as Basalt hides from the order what it hides from a filter;
    /// and secrets, as each server makes its own.
    Sort,
    /// An update rule on drafts.
    Update,
    /// A create rule on drafts, without plain fields: PocketBase compares those of a new record without their types.
    Create,
}

pub struct Expression {
    pub text: String,
    /// Its comparisons, each an expression by itself.
    pub leaves: Vec<String>,
}

pub fn expression(random: &mut Random, kind: Kind) -> Expression {
    let mut leaves = Vec::new();
    let text = level(random, kind, 0, &mut leaves);
    Expression { text, leaves }
}

fn level(random: &mut Random, kind: Kind, depth: usize, leaves: &mut Vec<String>) -> String {
    let count = if depth == 0 && random.percent(50) { 1 } else { 1 + random.below(3) };
    let mut text = String::new();
    for number in 0..count {
        if number > 0 {
            text.push_str(random.pick(&[" && ", " || "]));
        }
        if depth < 2 && count > 1 && random.percent(20) {
            text.push_str(&format!("({})", level(random, kind, depth + 1, leaves)));
        } else {
            let leaf = leaf(random, kind);
            text.push_str(&leaf);
            leaves.push(leaf);
        }
    }
    text
}

fn leaf(random: &mut Random, kind: Kind) -> String {
    loop {
        let (left, operator, right) = (left(random, kind), random.pick(OPERATORS), right(random, kind));
        let distance_as_pattern = operator.ends_with('~') && right.starts_with("geoDistance");
        if !distance_as_pattern && !differs_on_purpose(&left, &right) && !differs_on_purpose(&right, &left) {
            return format!("{left} {operator} {right}");
        }
    }
}

/// Pairs of which `docs/compatibility.md` says that Basalt answers otherwise.
fn differs_on_purpose(one: &str, other: &str) -> bool {
    let absent = other.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@') || other == "''";
    let items_of_body = one.starts_with("@request.body.") && one.ends_with(":each");
    let json_of_caller = one.starts_with("@request.auth.meta");
    let call = one.starts_with("geoDistance(readers") && other.contains("readers")
        || one.starts_with("strftime") && other.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@');
    let text_beside_isset = one.ends_with(":isset") && other.starts_with('\'');
    (absent && (one.ends_with(":isset") || items_of_body || json_of_caller) && other != "true" && other != "false")
        || text_beside_isset
        || call
}

fn left(random: &mut Random, kind: Kind) -> String {
    if random.percent(4) { random.pick(LITERALS).to_owned() } else { path(random, kind) }
}

fn right(random: &mut Random, kind: Kind) -> String {
    if random.percent(25) { path(random, kind) } else { random.pick(LITERALS).to_owned() }
}

/// An operand that is not a literal.
pub fn path(random: &mut Random, kind: Kind) -> String {
    let pools: &[&[&str]] = match kind {
        Kind::Trusted => &[OWN, OWN, OWN, RELATED, RELATED, BACK, COLLECTIONS, REQUEST, CALLS],
        Kind::Client | Kind::Sort => &[OWN, OWN, RELATED, RELATED, BACK, BACK, CALLS],
        Kind::Update => &[DRAFT, BODY, BODY, REQUEST],
        Kind::Create => &[CREATED, BODY, BODY, REQUEST],
    };
    let pool = match kind {
        Kind::Trusted | Kind::Client if random.percent(3) => GUARDED,
        _ => pools[random.below(pools.len())],
    };
    match random.pick(pool) {
        // Each server makes its own secrets.
        secret if kind != Kind::Client && (secret.ends_with("Key") || secret.ends_with(".password")) => {
            "hid".to_owned()
        }
        address if kind == Kind::Sort && address.ends_with(".email") => "e".to_owned(),
        path => path.to_owned(),
    }
}
