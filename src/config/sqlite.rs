//! `[sqlite]`: how the embedded engine keeps and reads data.

use super::key::{Key, quoted};

#[derive(Debug, Clone, PartialEq)]
pub struct Sqlite {
    pub durability: Durability,
    pub checkpoint: Checkpoint,
    /// Readers map the file into memory up to this size; 0 switches it off.
    pub mmap_mib: u64,
    /// Threads for reads that take longer; 0 takes as many as cores, at least 2 and at most 8.
    pub reader_threads: usize,
    pub query_timeout_s: u64,
    /// How long a write waits for room in a full queue; 0 refuses it at once.
    pub write_wait_s: u64,
}

/// What an answered write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The loss of power.
    Full,
    /// The end of the process only.
    Normal,
}

/// Who copies the write-ahead log into the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checkpoint {
    Own,
    /// Another process, such as a replicator.
    External,
}

impl Default for Sqlite {
    fn default() -> Self {
        // Memory maps of this size need the address space of 64 bits.
        let mmap_mib = if cfg!(target_pointer_width = "64") { 64 } else { 0 };
        Self {
            durability: Durability::Full,
            checkpoint: Checkpoint::Own,
            mmap_mib,
            reader_threads: 0,
            query_timeout_s: 30,
            write_wait_s: 10,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "durability",
        expected: "\"full\" or \"normal\"",
        set: |config, given| durability(&given.text()?).map(|durability| config.sqlite.durability = durability),
        get: |config| {
            quoted(match config.sqlite.durability {
                Durability::Full => "full",
                Durability::Normal => "normal",
            })
        },
    },
    Key {
        name: "checkpoint",
        expected: "\"own\" or \"external\"",
        set: |config, given| checkpoint(&given.text()?).map(|checkpoint| config.sqlite.checkpoint = checkpoint),
        get: |config| {
            quoted(match config.sqlite.checkpoint {
                Checkpoint::Own => "own",
                Checkpoint::External => "external",
            })
        },
    },
    Key {
        name: "mmap_mib",
        expected: "a number of mebibytes from 0 (off) to 1048576",
        set: |config, given| given.number(0..=1 << 20).map(|number| config.sqlite.mmap_mib = number),
        get: |config| config.sqlite.mmap_mib.to_string(),
    },
    Key {
        name: "reader_threads",
        expected: "a number of threads from 0 (by the cores) to 64",
        set: |config, given| given.number(0..=64).map(|number| config.sqlite.reader_threads = number as usize),
        get: |config| config.sqlite.reader_threads.to_string(),
    },
    Key {
        name: "query_timeout_s",
        expected: "a number of seconds from 1 to 3600",
        set: |config, given| given.number(1..=3600).map(|number| config.sqlite.query_timeout_s = number),
        get: |config| config.sqlite.query_timeout_s.to_string(),
    },
    Key {
        name: "write_wait_s",
        expected: "a number of seconds from 0 to 300",
        set: |config, given| given.number(0..=300).map(|number| config.sqlite.write_wait_s = number),
        get: |config| config.sqlite.write_wait_s.to_string(),
    },
];

fn durability(text: &str) -> Option<Durability> {
    match text {
        "full" => Some(Durability::Full),
        "normal" => Some(Durability::Normal),
        _ => None,
    }
}

fn checkpoint(text: &str) -> Option<Checkpoint> {
    match text {
        "own" => Some(Checkpoint::Own),
        "external" => Some(Checkpoint::External),
        _ => None,
    }
}
