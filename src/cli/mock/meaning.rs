//! What a field is about, guessed from its name.

/// What texts, numbers and dates of a field are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    FirstName,
    LastName,
    Person,
    Username,
    Email,
    Phone,
    Company,
    Thing,
    Title,
    Sentence,
    Paragraph,
    City,
    Region,
    Country,
    Street,
    Postcode,
    Colour,
    Slug,
    Code,
    Hash,
    Word,
    Currency,
    Language,
    TimeZone,
    Address,
    Emoji,
    Time,
    Image,
    Url,
    Price,
    Age,
    Year,
    Rating,
    Percent,
    Latitude,
    Longitude,
    Count,
    Position,
    Birthday,
    Future,
    Unknown,
}

/// Words of names in their singular, with what they speak of.
const WORDS: &[(Meaning, &[&str])] = &[
    (Meaning::FirstName, &["first", "given", "firstname", "forename"]),
    (Meaning::LastName, &["last", "family", "lastname", "surname"]),
    (
        Meaning::Person,
        &["author", "person", "owner", "contact", "customer", "member", "employee", "artist", "fullname"],
    ),
    (Meaning::Username, &["user", "username", "login", "nick", "nickname", "handle", "account"]),
    (Meaning::Email, &["email", "mail"]),
    (Meaning::Phone, &["phone", "mobile", "telephone", "tel", "fax", "whatsapp"]),
    (
        Meaning::Company,
        &["company", "organisation", "organization", "org", "brand", "vendor", "supplier", "employer", "team"],
    ),
    (Meaning::Title, &["title", "subject", "headline", "heading", "label", "caption", "topic", "question"]),
    (
        Meaning::Sentence,
        &["summary", "excerpt", "subtitle", "tagline", "slogan", "teaser", "reason", "note", "remark", "hint"],
    ),
    (
        Meaning::Paragraph,
        &[
            "description",
            "content",
            "body",
            "text",
            "bio",
            "biography",
            "about",
            "message",
            "comment",
            "answer",
            "review",
            "details",
        ],
    ),
    (Meaning::City, &["city", "town", "place", "location", "venue"]),
    (Meaning::Region, &["region", "province", "county", "district"]),
    (Meaning::Country, &["country", "nation", "nationality"]),
    (Meaning::Street, &["street", "address", "road"]),
    (Meaning::Postcode, &["zip", "postcode", "postal", "plz"]),
    (Meaning::Colour, &["color", "colour", "hex"]),
    (Meaning::Slug, &["slug", "path", "permalink"]),
    (Meaning::Code, &["code", "sku", "ref", "reference", "isbn", "ean", "serial", "coupon", "invoice", "identifier"]),
    (Meaning::Hash, &["hash", "checksum", "token", "key", "secret", "uuid", "guid", "fingerprint"]),
    (Meaning::Word, &["tag", "category", "genre", "type", "kind", "status", "state", "group", "keyword", "role"]),
    (Meaning::Currency, &["currency"]),
    (Meaning::Language, &["language", "lang", "locale"]),
    (Meaning::TimeZone, &["timezone", "tz"]),
    (Meaning::Address, &["ip", "ipaddress"]),
    (Meaning::Emoji, &["emoji", "icon"]),
    (Meaning::Time, &["time", "hour"]),
    (Meaning::Image, &["image", "avatar", "photo", "picture", "cover", "logo", "thumbnail", "banner", "poster"]),
    (Meaning::Url, &["url", "link", "website", "homepage", "site", "href", "web"]),
    (
        Meaning::Price,
        &[
            "price", "amount", "total", "cost", "salary", "fee", "sum", "balance", "budget", "revenue", "tax",
            "discount",
        ],
    ),
    (Meaning::Age, &["age"]),
    (Meaning::Year, &["year"]),
    (Meaning::Rating, &["rating", "star", "score", "grade", "priority", "level"]),
    (Meaning::Percent, &["percent", "percentage", "progress", "share", "rate"]),
    (Meaning::Latitude, &["lat", "latitude"]),
    (Meaning::Longitude, &["lon", "lng", "longitude"]),
    (Meaning::Count, &["count", "quantity", "qty", "stock", "views", "likes", "visits", "size", "capacity"]),
    (Meaning::Position, &["position", "order", "rank", "sort", "index", "sequence", "step", "page"]),
    (Meaning::Birthday, &["birthday", "birth", "birthdate", "dob", "born"]),
    (
        Meaning::Future,
        &[
            "due",
            "deadline",
            "expires",
            "expiry",
            "until",
            "scheduled",
            "start",
            "starts",
            "end",
            "ends",
            "event",
            "valid",
        ],
    ),
];

/// Collections whose records have the names of people.
const PEOPLE: &[&str] = &[
    "user", "people", "person", "customer", "member", "author", "contact", "employee", "student", "teacher", "patient",
    "player", "driver", "guest", "staff", "client", "friend", "artist", "profile",
];

/// Words that say less than any other of the name: `company_name`, `phoneNumber`.
const GENERAL: &[&str] = &["name", "number", "id"];

/// The meaning of a field; `of_people` where the records of the collection are people.
pub(super) fn of(name: &str, of_people: bool) -> Meaning {
    let words = split(name);
    let known = words.iter().rev().filter(|word| !GENERAL.contains(&word.as_str())).find_map(|word| find(word));
    match (known, words.last().map(String::as_str)) {
        (Some(known), _) => known,
        (None, Some("name")) if of_people || words.iter().any(|word| matches!(word.as_str(), "full" | "display")) => {
            Meaning::Person
        }
        (None, Some("name")) => Meaning::Thing,
        (None, Some("number")) => Meaning::Count,
        (None, Some("id")) => Meaning::Code,
        _ => Meaning::Unknown,
    }
}

pub(super) fn is_of_people(collection: &str) -> bool {
    split(collection).iter().any(|word| PEOPLE.contains(&word.as_str()) || PEOPLE.contains(&singular(word)))
}

fn find(word: &str) -> Option<Meaning> {
    let fits = |known: &&str| *known == word || *known == singular(word);
    WORDS.iter().find(|(_, words)| words.iter().any(fits)).map(|(meaning, _)| *meaning)
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

/// `snake_case` and `camelCase` as words in lower case.
fn split(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for letter in name.chars() {
        let starts = letter.is_uppercase() && after_lower;
        if (starts || !letter.is_alphanumeric())
            && let Some(last) = words.last()
            && !last.is_empty()
        {
            words.push(String::new());
        }
        if let (true, Some(last)) = (letter.is_alphabetic(), words.last_mut()) {
            last.extend(letter.to_lowercase());
        }
        after_lower = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}
