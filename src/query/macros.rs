//! The time macros (contract 3.5): all in UTC, all from one reading of the clock.

use chrono::{DateTime, Datelike, Days, Months, NaiveTime, Timelike, Utc};

use crate::clock::wire_text;
use crate::store::Value;

/// The value of a macro, named without its `@`; `None` for an unknown name.
pub(super) fn value(name: &str, now: DateTime<Utc>) -> Option<Value> {
    let number = |number: u32| Value::Int(i64::from(number));
    let start_of = |date: Option<chrono::NaiveDate>| date.map(|date| date.and_time(NaiveTime::MIN).and_utc());
    let last_ms = |time: Option<DateTime<Utc>>| time.map(|time| time - chrono::Duration::milliseconds(1));
    let today = now.date_naive();
    let time = match name {
        "now" => Some(now),
        "yesterday" => now.checked_sub_days(Days::new(1)),
        "tomorrow" => now.checked_add_days(Days::new(1)),
        "todayStart" => start_of(Some(today)),
        "todayEnd" => last_ms(start_of(today.succ_opt())),
        "monthStart" => start_of(today.with_day(1)),
        "monthEnd" => last_ms(start_of(today.with_day(1).and_then(|day| day.checked_add_months(Months::new(1))))),
        "yearStart" => start_of(today.with_ordinal(1)),
        "yearEnd" => last_ms(start_of(today.with_ordinal(1).and_then(|day| day.checked_add_months(Months::new(12))))),
        "second" => return Some(number(now.second())),
        "minute" => return Some(number(now.minute())),
        "hour" => return Some(number(now.hour())),
        "day" => return Some(number(now.day())),
        "month" => return Some(number(now.month())),
        "weekday" => return Some(number(now.weekday().num_days_from_sunday())),
        "year" => return Some(Value::Int(i64::from(now.year()))),
        _ => None,
    };
    time.map(|time| Value::Text(wire_text(time)))
}
