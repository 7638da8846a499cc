//! The engine for many servers: PostgreSQL holds the rows, any number of processes work on them.
//!
//! Statements come in SQLite's SQL, as from everywhere above the store; `translate/` makes PostgreSQL of them that gives
//! the same answer.
//!
//! *Invariant:* what SQLite would answer is what is answered.

pub mod translate;
