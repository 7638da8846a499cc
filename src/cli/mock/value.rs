//! An example value for a field, by its type, its options and what its name says.

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use rand::RngExt as _;
use serde_json::{Value as Json, json};

use super::meaning::{self, Meaning};
use super::scene::{Scene, rounded};
use super::words::{self, one};
use crate::clock::wire_text;
use crate::crypto;
use crate::schema::field::{
    DateOptions, EmailOptions, NumberOptions, RelationOptions, SelectOptions, TextOptions, UrlOptions, generate, sample,
};
use crate::schema::{Field, FieldKind};

/// The password of every account and of every other password field that takes it.
const PASSWORD: &str = "mock-password";

/// How often a plausible value is drawn before any value that fits will do.
const PLAUSIBLE_ATTEMPTS: usize = 8;

/// After so many values that were taken, numbers leave the range that their name suggests.
const WIDENED_AFTER: usize = 10;

/// One in so many optional values is left out, as apps must cope with that.
const BLANK_ONE_IN: u32 = 10;

const DEFAULT_TEXT_MAX: i64 = 5000;
const DEFAULT_PASSWORD_MAX: i64 = 71;
const MOST_ITEMS: usize = 3;

const DOMAINS: [&str; 3] = ["example.com", "example.org", "example.net"];

/// A value that the field takes; `None` leaves it out. `targets` are the records that a relation may point at.
///
/// # Errors
/// Why there is none.
pub(super) fn draw(
    field: &Field,
    of_people: bool,
    targets: &[String],
    scene: &mut Scene<'_>,
) -> Result<Option<Json>, String> {
    let meaning = meaning::of(&field.name, of_people);
    if !field.required && scene.attempt == 0 && may_be_blank(field, meaning) && scene.rarely(BLANK_ONE_IN) {
        return Ok(None);
    }
    let drawn = match &field.kind {
        FieldKind::Text(options) => return text(field, options, meaning, scene).map(Some),
        FieldKind::Number(options) => number(options, meaning, scene)?,
        FieldKind::Bool(_) => Json::Bool(field.required || !scene.rarely(3)),
        FieldKind::Email(options) => email(options, scene),
        FieldKind::Url(options) => url(options, meaning, scene),
        FieldKind::Editor(options) => editor(usize::try_from(options.max_bytes()).unwrap_or(usize::MAX), scene),
        FieldKind::Date(options) => date(options, meaning, scene),
        FieldKind::Select(options) => select(options, scene),
        FieldKind::Relation(options) => match relation(field, options, targets, scene)? {
            Some(ids) => ids,
            None => return Ok(None),
        },
        FieldKind::Json(options) => object(usize::try_from(options.max_bytes()).unwrap_or(usize::MAX), scene),
        FieldKind::Password(_) => password(field, scene)?.into(),
        FieldKind::GeoPoint(_) => {
            let (lon, lat) = scene.point();
            json!({ "lon": lon, "lat": lat })
        }
        FieldKind::Autodate(_) | FieldKind::File(_) => return Ok(None),
    };
    match field.validate(&field.prepare(&drawn)) {
        None => Ok(Some(drawn)),
        Some(error) => Err(format!("no example fits: {} is refused: {}", drawn, error.message)),
    }
}

/// Titles and names are what lists show; numbers and flags always have a value; what the server would generate must
/// come from here, or it were another each time.
fn may_be_blank(field: &Field, meaning: Meaning) -> bool {
    let is_generated = matches!(&field.kind, FieldKind::Text(text) if !text.autogenerate_pattern.is_empty());
    !field.system
        && !is_generated
        && !field.presentable
        && !matches!(field.kind, FieldKind::Number(_) | FieldKind::Bool(_))
        && !matches!(meaning, Meaning::Title | Meaning::Thing | Meaning::Person | Meaning::Username)
}

/// A password that this field takes.
pub(super) fn password(field: &Field, scene: &mut Scene<'_>) -> Result<String, String> {
    let FieldKind::Password(options) = &field.kind else { return Ok(PASSWORD.into()) };
    if fits(field, PASSWORD) {
        return Ok(PASSWORD.into());
    }
    let pattern = if options.pattern.is_empty() { "[a-z0-9]+" } else { &options.pattern };
    let most = if options.max > 0 { options.max } else { DEFAULT_PASSWORD_MAX };
    let drawn = sample(pattern, options.min.max(1)..=most, scene.random).filter(|text| fits(field, text));
    drawn.ok_or_else(|| format!("no password of {} to {most} characters fits {pattern:?}", options.min))
}

fn fits(field: &Field, text: &str) -> bool {
    field.validate(&field.prepare(&text.into())).is_none()
}

fn text(field: &Field, options: &TextOptions, meaning: Meaning, scene: &mut Scene<'_>) -> Result<Json, String> {
    let most = if options.max > 0 { options.max } else { DEFAULT_TEXT_MAX };
    let length = options.min.max(1)..=most;
    if !options.autogenerate_pattern.is_empty()
        && let Some(text) = generate(&options.autogenerate_pattern, scene.random)
        && fits(field, &text)
    {
        return Ok(text.into());
    }
    for _ in 0..PLAUSIBLE_ATTEMPTS {
        let drawn = scene.text(meaning);
        let drawn = with_length(drawn, options.min, most, scene);
        if fits(field, &drawn) {
            return Ok(drawn.into());
        }
    }
    match sample(&options.pattern, length, scene.random).filter(|text| fits(field, text)) {
        Some(text) => Ok(text.into()),
        None => Err(format!(
            "no text of {} to {most} characters fits the pattern {:?}",
            options.min.max(1),
            options.pattern
        )),
    }
}

/// Words behind what is too short; what is too long is cut.
fn with_length(mut text: String, least: i64, most: i64, scene: &mut Scene<'_>) -> String {
    let (least, most) = (usize::try_from(least).unwrap_or(0), usize::try_from(most).unwrap_or(usize::MAX));
    while text.chars().count() < least.min(1 << 16) {
        text.push(' ');
        text.push_str(one(scene.random, words::NOUNS));
    }
    let cut: String = text.chars().take(most).collect();
    match cut.trim_end() {
        trimmed if trimmed.chars().count() >= least => trimmed.into(),
        _ => cut,
    }
}

fn number(options: &NumberOptions, meaning: Meaning, scene: &mut Scene<'_>) -> Result<Json, String> {
    let plausible = scene.amount(meaning);
    let (least, most) = (options.min.unwrap_or(f64::MIN), options.max.unwrap_or(f64::MAX));
    let whole = |number: f64| if options.only_int { number.round() } else { number };
    if scene.attempt < WIDENED_AFTER && (least..=most).contains(&whole(plausible)) && whole(plausible) != 0.0 {
        return Ok(json_number(whole(plausible)));
    }
    let spread = 1000.0 * (scene.attempt as f64 + 1.0);
    let (low, high) = match (options.min, options.max) {
        (Some(min), Some(max)) => (min, max),
        (Some(min), None) => (min, min + spread),
        (None, Some(max)) => (max - spread, max),
        (None, None) => (1.0, spread),
    };
    let (low, high) = if options.only_int { (low.ceil(), high.floor()) } else { (low, high) };
    if low > high {
        return Err(format!("no whole number lies between {low} and {high}"));
    }
    let drawn = scene.random.random_range(low..=high);
    let short = if options.only_int { whole(drawn) } else { rounded(drawn, 2) };
    let drawn = if (low..=high).contains(&short) { short } else { drawn };
    // Zero counts as no number.
    let drawn = if drawn == 0.0 { if high > 0.0 { high } else { low } } else { drawn };
    Ok(json_number(drawn))
}

fn json_number(number: f64) -> Json {
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}

fn email(options: &EmailOptions, scene: &mut Scene<'_>) -> Json {
    let address = scene.text(Meaning::Email);
    let local = address.split('@').next().unwrap_or_default();
    format!("{local}@{}", domain(&options.only_domains, &options.except_domains, scene)).into()
}

/// An address that is known beforehand, in a domain that the field takes.
pub(super) fn known_email(field: &Field, local: &str, scene: &mut Scene<'_>) -> String {
    match &field.kind {
        FieldKind::Email(options) => {
            format!("{local}@{}", domain(&options.only_domains, &options.except_domains, scene))
        }
        _ => format!("{local}@{}", DOMAINS[0]),
    }
}

fn domain(only: &[String], except: &[String], scene: &mut Scene<'_>) -> String {
    if only.is_empty() {
        let allowed = DOMAINS.into_iter().find(|domain| !except.iter().any(|refused| refused == domain));
        return allowed.unwrap_or("mock.example").to_owned();
    }
    only[scene.number(0, only.len() - 1)].clone()
}

fn url(options: &UrlOptions, meaning: Meaning, scene: &mut Scene<'_>) -> Json {
    let kind = if meaning == Meaning::Image { Meaning::Image } else { Meaning::Url };
    let domain = domain(&options.only_domains, &options.except_domains, scene);
    scene.text(kind).replacen(DOMAINS[0], &domain, 1).into()
}

fn editor(max_bytes: usize, scene: &mut Scene<'_>) -> Json {
    let title = scene.text(Meaning::Title);
    let paragraphs = [scene.text(Meaning::Paragraph), scene.text(Meaning::Paragraph)];
    let text = format!("<h2>{title}</h2><p>{}</p><p>{}</p>", paragraphs[0], paragraphs[1]);
    // All words are ASCII, so that any byte ends a character.
    if text.len() <= max_bytes { text.into() } else { title.chars().take(max_bytes).collect::<String>().into() }
}

fn date(options: &DateOptions, meaning: Meaning, scene: &mut Scene<'_>) -> Json {
    let plausible = scene.date(meaning);
    let bound = |text: &str| DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)).ok().map(|date| date.to_utc());
    let (least, most) = (bound(&options.min), bound(&options.max));
    if least.is_none_or(|least| plausible >= least) && most.is_none_or(|most| plausible <= most) {
        return wire_text(plausible).into();
    }
    let year = TimeDelta::days(365);
    let (low, high) = match (least, most) {
        (Some(least), Some(most)) => (least, most),
        (Some(least), None) => (least, least + year),
        (None, Some(most)) => (most - year, most),
        (None, None) => (plausible, plausible),
    };
    let span = (high - low).num_milliseconds().max(0);
    let drawn = low + TimeDelta::milliseconds(scene.random.random_range(0..=span));
    let minute = |date: DateTime<Utc>| date.with_second(0).and_then(|date| date.with_nanosecond(0));
    wire_text(minute(drawn).filter(|minute| *minute >= low).unwrap_or(drawn)).into()
}

fn select(options: &SelectOptions, scene: &mut Scene<'_>) -> Json {
    let most = usize::try_from(options.max_select).unwrap_or(1).clamp(1, MOST_ITEMS);
    some_of(&options.values, 1, most, scene)
}

fn relation(
    field: &Field,
    options: &RelationOptions,
    targets: &[String],
    scene: &mut Scene<'_>,
) -> Result<Option<Json>, String> {
    let least = usize::try_from(options.min_select).unwrap_or(0).max(1);
    if targets.len() < least {
        let lack = || format!("it asks for {least} of {} records", targets.len());
        return if field.required { Err(lack()) } else { Ok(None) };
    }
    let most = usize::try_from(options.max_select).unwrap_or(1).max(1);
    Ok(Some(some_of(targets, least, most.min(MOST_ITEMS.max(least)), scene)))
}

/// Distinct items; one alone where one is all that there may be. What was taken is gone through in order.
fn some_of(items: &[String], least: usize, most: usize, scene: &mut Scene<'_>) -> Json {
    let count = scene.number(least.min(items.len()), most.min(items.len()));
    let start = match scene.attempt {
        attempt if attempt % 2 == 1 => scene.index + attempt / 2,
        _ => scene.number(0, items.len().saturating_sub(1)),
    };
    let stride = scene.number(1, (items.len() / count.max(1)).max(1));
    let chosen: Vec<&String> = (0..count).map(|at| &items[(start + at * stride) % items.len()]).collect();
    match chosen.as_slice() {
        [only] if most == 1 => json!(only),
        _ => json!(chosen),
    }
}

fn object(max_bytes: usize, scene: &mut Scene<'_>) -> Json {
    let tags = [one(scene.random, words::NOUNS), one(scene.random, words::NOUNS)];
    let whole = json!({ "name": scene.text(Meaning::Title), "count": scene.number(1, 50), "tags": tags });
    [whole, json!({ "n": 1 })].into_iter().find(|json| json.to_string().len() <= max_bytes).unwrap_or(json!(1))
}

/// A record id: as the server makes them, with the data's own time and chance.
pub(super) fn id(field: &Field, plain_base: bool, at_ms: i64, scene: &mut Scene<'_>) -> Result<String, String> {
    let FieldKind::Text(options) = &field.kind else { return Err("it is no text".into()) };
    let most = if options.max > 0 { options.max } else { DEFAULT_TEXT_MAX };
    let made = match options.autogenerate_pattern.as_str() {
        "" => None,
        "[a-z0-9]{15}" if plain_base => {
            generate("[a-z0-9]{7}", scene.random).map(|rest| crypto::time_prefix(at_ms) + &rest)
        }
        pattern => generate(pattern, scene.random),
    };
    let made = made.filter(|id| fits(field, id)).or_else(|| sample(&options.pattern, 1..=most, scene.random));
    let reason = || format!("no id of up to {most} characters fits the pattern {:?}", options.pattern);
    made.filter(|id| fits(field, id)).ok_or_else(reason)
}
