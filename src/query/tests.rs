//! Tests of the language: its grammar, its meaning on rows that PocketBase answered for, its SQL, and SQL
//! held against PostgreSQL's and the evaluator.

mod after;
mod differential;
mod fixture;
mod generated;
mod grammar;
mod limits;
mod meaning;
mod plan;
mod postgres;
mod reads;
mod shape;
