//! The built binary, as a person at a terminal or a supervisor sees it.

mod commands;
mod installer;
mod mock;
pub mod process;
mod server;
