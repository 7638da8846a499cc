//! Dates of the wire (contract 1.4): one stored form, many accepted ones.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use super::{FieldType, limits};
use crate::clock::wire_text;
use crate::error::FieldError;
use crate::store::Value;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DateOptions {
    /// The earliest date in wire form, or `""`.
    #[serde(deserialize_with = "wire_date")]
    pub min: String,
    #[serde(deserialize_with = "wire_date")]
    pub max: String,
}

fn wire_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(parse_date(&String::deserialize(deserializer)?).unwrap_or_default())
}

/// The wire form of a date in any accepted form, or `None`.
pub fn parse_date(text: &str) -> Option<String> {
    let time = iso(text).or_else(|| named(text))?;
    let wire = wire_text(time);
    // Year 1 is the zero time of many clients and means "no date".
    ((0..=9999).contains(&time.year()) && wire != "0001-01-01 00:00:00.000Z").then_some(wire)
}

/// `YYYY-MM-DD`, alone or with a time, seconds' fraction and zone; no zone means UTC.
fn iso(text: &str) -> Option<DateTime<Utc>> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = iso_date(date)?;
    if rest.is_empty() {
        return Some(date.and_hms_opt(0, 0, 0)?.and_utc());
    }
    let spaced = rest.starts_with(' ');
    let rest = rest.strip_prefix([' ', 'T'])?;
    let (hour, rest) = rest.split_once(':').filter(|(hour, _)| matches!(hour.len(), 1 | 2))?;
    let (minute, rest) = rest.split_once(':')?;
    let (second, rest) = rest.split_at_checked(2)?;
    let (nanos, zone) = fraction(rest)?;
    let minute = digits(minute, 2)?;
    let time = date.and_hms_nano_opt(digits(hour, hour.len())?, minute, digits(second, 2)?, nanos)?;
    in_zone(time, offset_seconds(zone, spaced)?)
}

fn iso_date(text: &str) -> Option<NaiveDate> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    NaiveDate::from_ymd_opt(i32::try_from(digits(year, 4)?).ok()?, digits(month, 2)?, digits(day, 2)?)
}

/// Exactly `length` digits.
fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The fraction of a second in nanoseconds, and what follows it.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix(['.', ',']) else { return Some((0, text)) };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, rest) = rest.split_at(length);
    let kept = &fraction[..length.min(9)];
    let nanos = kept.parse::<u32>().ok()? * 10_u32.pow(9 - u32::try_from(kept.len()).ok()?);
    Some((nanos, rest))
}

/// `Z`, `±hh:mm`, `±hhmm`, and after a blank-separated time also a blank and an offset, with or without a zone's name.
fn offset_seconds(zone: &str, spaced: bool) -> Option<i32> {
    match zone.strip_prefix(' ') {
        _ if matches!(zone, "" | "Z") => Some(0),
        Some(zone) if spaced => {
            let (offset, name) = zone.split_once(' ').unwrap_or((zone, "UTC"));
            if is_zone_name(name) && matches!(offset.len(), 5 | 6) { numeric_offset(offset) } else { None }
        }
        Some(_) => None,
        None => numeric_offset(zone),
    }
}

fn numeric_offset(text: &str) -> Option<i32> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let rest = text.strip_prefix(['+', '-'])?;
    let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours <= 24 && minutes < 60).then(|| i32::try_from(hours * 3600 + minutes * 60).ok()).flatten().map(|s| s * sign)
}

fn in_zone(time: NaiveDateTime, offset_seconds: i32) -> Option<DateTime<Utc>> {
    let zone = FixedOffset::east_opt(offset_seconds)?;
    Some(zone.from_local_datetime(&time).single()?.to_utc())
}

fn is_zone_name(text: &str) -> bool {
    matches!(text.len(), 3 | 4) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// The forms of mail, HTTP and Unix, with English month names: `02 Jan 2025`, `Thu, 02 Jan 2025 03:04:05
/// GMT`, `Thu Jan 2 03:04:05 2025`. The weekday is not checked; a zone's name counts as UTC.
fn named(text: &str) -> Option<DateTime<Utc>> {
    let mut words: Vec<&str> = text.split_ascii_whitespace().collect();
    let unix = words.len() >= 5 && words[0].len() == 3;
    if words.len() == 6 && unix && is_zone_name(words[4]) {
        words.remove(4);
    }
    let mut offset = 0;
    if let Some(last) = words.last().copied()
        && words.len() > 3
    {
        if is_zone_name(last) {
            words.pop();
        } else if let Some(seconds) = numeric_offset(last).filter(|_| last.len() == 5) {
            words.pop();
            offset = seconds;
        }
    }
    if words.first()?.ends_with(',') || (unix && words.len() == 5) {
        words.remove(0);
    }
    let rest = words.join(" ");
    let midnight = |date: NaiveDate| date.and_hms_opt(0, 0, 0);
    let time = match words.len() {
        // The day has two digits in all forms but the one that begins with the weekday and month.
        3 if words[0].len() == 2 && words[2].len() == 4 => {
            NaiveDate::parse_from_str(&rest, "%d %b %Y").ok().and_then(midnight)
        }
        2 if text.contains(',') => NaiveDateTime::parse_from_str(&rest, "%d-%b-%y %H:%M:%S").ok(),
        4 if text.contains(',') => NaiveDateTime::parse_from_str(&rest, "%d %b %Y %H:%M:%S").ok(),
        4 if words[0].len() == 3 => NaiveDateTime::parse_from_str(&rest, "%b %d %H:%M:%S %Y").ok(),
        4 if words[2].len() == 2 => NaiveDateTime::parse_from_str(&rest, "%d %b %y %H:%M").ok(),
        _ => None,
    }?;
    in_zone(time, offset)
}

pub(super) fn prepare(input: &Json) -> Value {
    Value::Text(input.as_str().and_then(parse_date).unwrap_or_default())
}

/// A stored date as RFC 3339, the form of thresholds in errors.
fn rfc3339(wire: &str) -> String {
    match DateTime::parse_from_rfc3339(&wire.replacen(' ', "T", 1)) {
        Ok(time) => time.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true),
        Err(_) => wire.to_owned(),
    }
}

impl FieldType for DateOptions {
    fn prepare(&self, input: &Json) -> Value {
        prepare(input)
    }

    /// Dates of the wire form sort as texts.
    fn validate(&self, value: &Value) -> Option<FieldError> {
        let date = value.as_str();
        if !self.min.is_empty() && date < self.min.as_str() {
            return Some(limits::below(rfc3339(&self.min), &self.min));
        }
        (!self.max.is_empty() && date > self.max.as_str()).then(|| limits::above(rfc3339(&self.max), &self.max))
    }
}
