//! What example texts are put together from.

use rand::RngExt as _;
use rand::rngs::StdRng;

pub(super) const FIRST_NAMES: &[&str] = &[
    "Ada", "Alan", "Amara", "Anna", "Bao", "Carlos", "Chidi", "Clara", "Daniel", "Elena", "Emma", "Farid", "Grace",
    "Hana", "Hugo", "Ines", "Ivan", "Jonas", "Julia", "Kenji", "Lara", "Leo", "Lucia", "Maya", "Mila", "Nils", "Noor",
    "Olga", "Omar", "Paul", "Priya", "Rosa", "Samuel", "Sofia", "Tariq", "Thea", "Victor", "Wanda", "Yara", "Zoe",
];
pub(super) const LAST_NAMES: &[&str] = &[
    "Adeyemi", "Ahmed", "Bauer", "Bianchi", "Castro", "Chen", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia",
    "Haddad", "Hansen", "Ito", "Jensen", "Kaya", "Keller", "Kowalski", "Kumar", "Larsen", "Lopez", "Martin", "Meyer",
    "Moreau", "Murphy", "Nguyen", "Novak", "Okafor", "Patel", "Popescu", "Rossi", "Sato", "Silva", "Singh", "Smith",
    "Tanaka", "Varga", "Walker", "Weber", "Young",
];
const ADJECTIVES: &[&str] = &[
    "amber", "bright", "calm", "clever", "copper", "coral", "curious", "early", "gentle", "golden", "hidden", "hollow",
    "late", "little", "lively", "lunar", "mellow", "misty", "modern", "noble", "northern", "open", "patient", "plain",
    "quiet", "rapid", "round", "silent", "silver", "small", "solid", "southern", "steady", "sunny", "velvet", "warm",
];
pub(super) const NOUNS: &[&str] = &[
    "anchor", "atlas", "bridge", "canyon", "compass", "cottage", "engine", "feather", "forest", "garden", "glacier",
    "harbour", "island", "journal", "kettle", "ladder", "lantern", "library", "market", "meadow", "mirror", "mountain",
    "orchard", "paper", "pebble", "planet", "river", "rocket", "signal", "station", "studio", "teapot", "tower",
    "valley", "village", "window",
];
const VERBS: &[&str] = &[
    "carries", "counts", "crosses", "draws", "finds", "follows", "holds", "keeps", "leaves", "meets", "moves", "opens",
    "paints", "passes", "reaches", "reads", "shows", "takes", "turns", "visits",
];
pub(super) const COMPANY_ENDINGS: &[&str] = &["& Co.", "Group", "Labs", "Partners", "Studio", "Systems", "Works"];
pub(super) const STREETS: &[&str] = &["Avenue", "Lane", "Road", "Square", "Street", "Way"];
pub(super) const COLOURS: &[&str] =
    &["#264653", "#2a9d8f", "#e9c46a", "#f4a261", "#e76f51", "#457b9d", "#8d99ae", "#6a4c93", "#80b918", "#d62828"];
pub(super) const CURRENCIES: &[&str] = &["CHF", "EUR", "GBP", "INR", "JPY", "USD"];
pub(super) const LANGUAGES: &[&str] = &["de", "en", "es", "fr", "hi", "it", "ja", "pt"];
pub(super) const TIME_ZONES: &[&str] = &["America/New_York", "Asia/Tokyo", "Europe/Berlin", "Europe/London", "UTC"];
pub(super) const EMOJIS: &[&str] = &["🌊", "🌱", "🍋", "🎨", "📚", "🚀", "🧭", "🪨"];

/// A place on the map.
pub(super) struct Place {
    pub city: &'static str,
    pub region: &'static str,
    pub country: &'static str,
    pub lon: f64,
    pub lat: f64,
}

const fn place(city: &'static str, region: &'static str, country: &'static str, lon: f64, lat: f64) -> Place {
    Place { city, region, country, lon, lat }
}

pub(super) const PLACES: &[Place] = &[
    place("Amsterdam", "North Holland", "Netherlands", 4.9, 52.37),
    place("Berlin", "Berlin", "Germany", 13.4, 52.52),
    place("Buenos Aires", "Buenos Aires", "Argentina", -58.38, -34.6),
    place("Cape Town", "Western Cape", "South Africa", 18.42, -33.92),
    place("Chicago", "Illinois", "United States", -87.63, 41.88),
    place("Copenhagen", "Capital Region", "Denmark", 12.57, 55.68),
    place("Istanbul", "Marmara", "Türkiye", 28.98, 41.01),
    place("Kyoto", "Kansai", "Japan", 135.77, 35.01),
    place("Lagos", "Lagos", "Nigeria", 3.38, 6.52),
    place("Lisbon", "Lisbon", "Portugal", -9.14, 38.72),
    place("Melbourne", "Victoria", "Australia", 144.96, -37.81),
    place("Montreal", "Quebec", "Canada", -73.57, 45.5),
    place("Mumbai", "Maharashtra", "India", 72.88, 19.08),
    place("Zurich", "Zurich", "Switzerland", 8.54, 47.38),
];

pub(super) fn one<T: Copy>(random: &mut StdRng, list: &[T]) -> T {
    list[random.random_range(0..list.len())]
}

/// Two words, such as `quiet harbour`.
pub(super) fn thing(random: &mut StdRng) -> String {
    format!("{} {}", one(random, ADJECTIVES), one(random, NOUNS))
}

pub(super) fn sentence(random: &mut StdRng) -> String {
    let (subject, verb, object) = (thing(random), one(random, VERBS), thing(random));
    format!("The {subject} {verb} the {object}.")
}

pub(super) fn sentences(random: &mut StdRng, count: usize) -> String {
    (0..count).map(|_| sentence(random)).collect::<Vec<_>>().join(" ")
}

/// Every word with a capital.
pub(super) fn title(text: &str) -> String {
    text.split(' ').map(capital).collect::<Vec<_>>().join(" ")
}

pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Lower case, with hyphens for all that is no letter or digit.
pub(super) fn slug(text: &str) -> String {
    let letters =
        text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { ' ' });
    letters.collect::<String>().split_whitespace().collect::<Vec<_>>().join("-")
}
