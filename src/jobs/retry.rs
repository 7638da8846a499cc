//! How long a failed job waits: exponential growth with full jitter, so that jobs which failed together do not come back
//! together.

/// After the first failure.
const FIRST_MS: i64 = 1_000;
const LONGEST_MS: i64 = 3_600_000;

/// The longest wait after this failed attempt, counted from 1.
pub(super) fn ceiling_ms(attempt: i64) -> i64 {
    let doublings = u32::try_from(attempt.max(1) - 1).unwrap_or(u32::MAX).min(30);
    (FIRST_MS << doublings).min(LONGEST_MS)
}

/// A random wait up to the ceiling.
pub(super) fn wait_ms(attempt: i64) -> i64 {
    use rand::RngExt as _;
    rand::rng().random_range(0..=ceiling_ms(attempt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_an_hour() {
        let check = |attempt: i64, seconds: i64| assert_eq!(ceiling_ms(attempt), seconds * 1_000, "attempt {attempt}");
        check(i64::MIN + 1, 1);
        check(0, 1);
        check(1, 1);
        check(2, 2);
        check(3, 4);
        check(12, 2_048);
        check(13, 3_600);
        check(i64::MAX, 3_600);
    }

    #[test]
    fn the_jitter_is_full_and_never_longer() {
        let waits: Vec<i64> = (0..200).map(|_| wait_ms(4)).collect();
        assert!(waits.iter().all(|wait| (0..=8_000).contains(wait)), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait < 4_000) && waits.iter().any(|wait| *wait > 4_000), "{waits:?}");
    }
}
