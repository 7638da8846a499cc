//! What one example record is about, so that its name, its address and its slug speak of the same.

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::meaning::Meaning;
use super::words::{self, Place, one};

/// From here on addresses and names carry a number from the start: there are not words enough for all.
const MANY: usize = 200;

/// How often words alone are tried before a number makes them distinct.
const PLAIN_ATTEMPTS: usize = 3;

/// The data's own time: all examples were made in the year before it.
pub(super) const NOW: DateTime<Utc> = DateTime::from_timestamp(1_767_225_600, 0).expect("the first of January 2026");

pub(super) struct Scene<'r> {
    pub random: &'r mut StdRng,
    /// How many records of the collection there are already.
    pub index: usize,
    /// How often what was drawn was taken.
    pub attempt: usize,
    first: &'static str,
    last: &'static str,
    thing: String,
    pub place: &'static Place,
}

impl<'r> Scene<'r> {
    pub(super) fn new(random: &'r mut StdRng, index: usize, attempt: usize) -> Self {
        let (first, last) = (one(random, words::FIRST_NAMES), one(random, words::LAST_NAMES));
        let mut thing = words::thing(random);
        if attempt >= PLAIN_ATTEMPTS || index >= MANY {
            thing = format!("{thing} {}", random.random_range(index + 1..=(index + 1) * 10));
        }
        let place = &words::PLACES[random.random_range(0..words::PLACES.len())];
        Self { random, index, attempt, first, last, thing, place }
    }

    /// A text of this meaning.
    pub(super) fn text(&mut self, meaning: Meaning) -> String {
        match meaning {
            Meaning::FirstName => self.distinct(self.first),
            Meaning::LastName => self.distinct(self.last),
            Meaning::Person => self.person(),
            Meaning::Username => self.handle("_"),
            Meaning::Email => format!("{}@example.com", self.handle(".")),
            Meaning::Phone => format!("+1 {} 555 01{:02}", self.number(200, 989), self.number(0, 99)),
            Meaning::Company => format!("{} {}", self.last, one(self.random, words::COMPANY_ENDINGS)),
            Meaning::Thing | Meaning::Title => words::title(&self.thing),
            Meaning::Sentence => words::sentence(self.random),
            Meaning::Paragraph => {
                let count = self.number(2, 5);
                words::sentences(self.random, count)
            }
            Meaning::City => self.distinct(self.place.city),
            Meaning::Region => self.distinct(self.place.region),
            Meaning::Country => self.distinct(self.place.country),
            Meaning::Street => {
                let street = words::capital(one(self.random, words::NOUNS));
                format!("{} {street} {}", self.number(1, 180), one(self.random, words::STREETS))
            }
            Meaning::Postcode => format!("{:05}", self.number(1000, 99_999)),
            Meaning::Slug => words::slug(&self.thing),
            Meaning::Code => format!("{}-{:05}", self.letters("ABCDEFGHJKLMNPQRSTUVWXYZ", 3), self.number(0, 99_999)),
            Meaning::Hash => self.letters("0123456789abcdef", 32),
            Meaning::Address => format!("192.0.2.{}", self.number(1, 254)),
            Meaning::Time => format!("{:02}:{:02}", self.number(0, 23), self.number(0, 3) * 15),
            Meaning::Image => format!("https://example.com/images/{}.jpg", words::slug(&self.thing)),
            Meaning::Url => format!("https://example.com/{}", words::slug(&self.thing)),
            Meaning::Birthday | Meaning::Future => self.date(meaning).format("%Y-%m-%d").to_string(),
            Meaning::Unknown => words::capital(&self.thing),
            _ => self.choice(meaning).unwrap_or_else(|| self.amount(meaning).to_string()),
        }
    }

    /// One of the words of a short list.
    fn choice(&mut self, meaning: Meaning) -> Option<String> {
        let list = match meaning {
            Meaning::Colour => words::COLOURS,
            Meaning::Word => words::NOUNS,
            Meaning::Currency => words::CURRENCIES,
            Meaning::Language => words::LANGUAGES,
            Meaning::TimeZone => words::TIME_ZONES,
            Meaning::Emoji => words::EMOJIS,
            _ => return None,
        };
        let word = one(self.random, list);
        Some(self.distinct(word))
    }

    /// A number of this meaning.
    pub(super) fn amount(&mut self, meaning: Meaning) -> f64 {
        let (low, high, digits) = match meaning {
            Meaning::Position => return self.index as f64 + 1.0,
            Meaning::Price => (1.0, 500.0, 2),
            Meaning::Age => (18.0, 90.0, 0),
            Meaning::Year => (1980.0, 2026.0, 0),
            Meaning::Rating => (1.0, 5.0, 0),
            Meaning::Percent => (1.0, 100.0, 0),
            Meaning::Latitude => return self.place.lat,
            Meaning::Longitude => return self.place.lon,
            Meaning::Count => (1.0, 200.0, 0),
            _ => (1.0, 1000.0, 0),
        };
        rounded(self.random.random_range(low..=high), digits)
    }

    /// A time of this meaning, in whole minutes; a birthday in whole days.
    pub(super) fn date(&mut self, meaning: Meaning) -> DateTime<Utc> {
        const YEAR: i64 = 365 * 24 * 60;
        let minutes = match meaning {
            Meaning::Birthday => self.random.random_range(-70 * YEAR..-18 * YEAR) / 1440 * 1440,
            Meaning::Future => self.random.random_range(1..YEAR / 2),
            _ => self.random.random_range(-YEAR..0),
        };
        NOW + TimeDelta::minutes(minutes)
    }

    /// A point near the place, in degrees of longitude and latitude.
    pub(super) fn point(&mut self) -> (f64, f64) {
        let mut near = |degrees: f64| rounded(degrees + self.random.random_range(-0.05..0.05), 4);
        (near(self.place.lon), near(self.place.lat))
    }

    pub(super) fn number(&mut self, low: usize, high: usize) -> usize {
        self.random.random_range(low..=high)
    }

    /// True once in `of` times.
    pub(super) fn rarely(&mut self, of: u32) -> bool {
        self.random.random_range(0..of) == 0
    }

    fn person(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    /// The person in small letters; with a number where names alone are taken.
    fn handle(&mut self, between: &str) -> String {
        let name = format!("{}{between}{}", self.first, self.last).to_lowercase();
        match self.attempt >= PLAIN_ATTEMPTS || self.index >= MANY {
            true => format!("{name}{}", self.number(self.index + 1, (self.index + 1) * 10)),
            false => name,
        }
    }

    /// A word of a short list; with a number where the words are taken.
    fn distinct(&mut self, word: &str) -> String {
        match self.attempt >= PLAIN_ATTEMPTS {
            true => format!("{word} {}", self.number(self.index + 1, (self.index + 1) * 10)),
            false => word.into(),
        }
    }

    fn letters(&mut self, alphabet: &str, count: usize) -> String {
        let alphabet = alphabet.as_bytes();
        (0..count).map(|_| char::from(alphabet[self.random.random_range(0..alphabet.len())])).collect()
    }
}

pub(super) fn rounded(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}
