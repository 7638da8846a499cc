//! The black-box tests: one binary, as each further one would link the whole crate once more.
//!
//! Folders mirror URLs. [`app::TestApp`] starts the real server in this process, over a temporary directory and
//! on a free port; its clients are `guest`, `ada` (a user) and `superuser`.

mod api;
mod app;
mod cli;
mod client;
mod database;
mod differential;
mod faults;
mod functions;
mod moving;
mod nodes;
mod redis;
mod security;
mod static_files;
