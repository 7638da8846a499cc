//! When a cron is due: five fields in UTC, or a name such as `@hourly`.

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// A parsed expression.
#[derive(Debug, Clone)]
pub(super) struct Schedule(Cron);

impl Schedule {
    /// As in PocketBase a day must fit both the day of the month and the day of the week.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn parse(expression: &str) -> Result<Self, String> {
        let parser =
            CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).dom_and_dow(true).build();
        parser.parse(expression).map(Self).map_err(|error| error.to_string())
    }

    /// The first slot after this time; `None` when there will be none.
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.find_next_occurrence(&time, false).ok()
    }

    /// The last slot up to this time.
    pub fn latest(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.find_previous_occurrence(&time, true).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_around_a_time() {
        let check = |expression: &str, latest: &str, next: &str| {
            let schedule = Schedule::parse(expression).expect(expression);
            let time = "2026-11-24T15:30:20.5Z".parse().expect("a time");
            let text = |slot: Option<DateTime<Utc>>| slot.map_or("none".into(), crate::clock::wire_text);
            assert_eq!(text(schedule.latest(time)), format!("2026-{latest}:00.000Z"), "{expression}");
            assert_eq!(text(schedule.next_after(time)), format!("{next}:00.000Z"), "{expression}");
        };
        check("* * * * *", "11-24 15:30", "2026-11-24 15:31");
        check("0 0 * * *", "11-24 00:00", "2026-11-25 00:00");
        check("0 */6 * * *", "11-24 12:00", "2026-11-24 18:00");
        check("30 15 * * *", "11-24 15:30", "2026-11-25 15:30");
        check("5,10-12 1 1 1 *", "01-01 01:12", "2027-01-01 01:05");
        check("0 0 13 * 5", "11-13 00:00", "2027-08-13 00:00");
        check("@hourly", "11-24 15:00", "2026-11-24 16:00");
        check("@daily", "11-24 00:00", "2026-11-25 00:00");
    }

    #[test]
    fn the_slot_of_this_very_moment_is_the_latest_and_not_the_next() {
        let schedule = Schedule::parse("0 * * * *").expect("an expression");
        let time: DateTime<Utc> = "2026-11-24T15:00:00Z".parse().expect("a time");
        assert_eq!(schedule.latest(time), Some(time));
        assert_eq!(schedule.next_after(time), Some(time + chrono::TimeDelta::hours(1)));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for wrong in
            ["", "*", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "a b c d e"]
        {
            assert!(Schedule::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
