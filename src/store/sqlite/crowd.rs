//! Whether others are on their way while a small batch is about to be synced.

/// From so many on, on average, others are expected.
const EXPECTED: f32 = 0.25;
/// More than that at a time say nothing more.
const MOST: usize = 8;
/// How many batches the average looks back on.
const MEMORY: f32 = 8.0;

/// How many requests lately came in while a batch was on its way to the disk. A client that writes alone never meets
/// another one: nothing comes while it waits for its answer.
#[derive(Debug, Default)]
pub(super) struct Crowd(f32);

impl Crowd {
    /// So many came in during the last sync.
    pub(super) fn note(&mut self, came: usize) {
        self.0 += (came.min(MOST) as f32 - self.0) / MEMORY;
    }

    pub(super) fn is_expected(&self) -> bool {
        self.0 > EXPECTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_expected_where_others_came() {
        let mut crowd = Crowd::default();
        let mut after = |came: &[usize]| {
            came.iter().for_each(|came| crowd.note(*came));
            crowd.is_expected()
        };
        assert!(!after(&[0; 100]), "a client alone waits for nobody");
        assert!(!after(&[1]), "one is no crowd");
        assert!(after(&[1, 1, 1]));
        assert!(after(&[1_000_000]));
        assert!(!after(&[0; 30]), "and it is forgotten");
    }
}
