//! The command line: one file a command, thin over the services of [`App`](crate::app::App).
//!
//! A command that needs the data is a [`Task`](task::Task). `reach.rs` finds out who runs it: the server that holds the
//! directory, over its Unix socket (`socket.rs`), or else this process, which then opens the directory itself.
//!
//! *Invariant:* the same task gives the same answer on both ways. Results go to standard output, everything else to
//! standard error; a failure ends with 1, a wrong command line or configuration with 2.
//! Start reading at [`run`], then `task.rs`.

mod backup;
mod collections;
mod completions;
mod doctor;
mod health;
mod import;
mod installer;
mod mock;
mod openapi;
mod progress;
mod reach;
mod scratch;
mod serve;
mod socket;
mod superuser;
mod task;
mod version;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::config::{Config, ConfigError, Sources};

/// A self-hostable backend in one binary.
#[derive(Debug, Parser)]
#[command(name = "basalt", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// The data directory [default: basalt_data]
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<String>,
    /// The configuration file [default: basalt.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print results as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server
    Serve(serve::Flags),
    /// Manage superusers
    #[command(subcommand)]
    Superuser(superuser::Command),
    /// Write the collections to a file, or take them from one
    #[command(subcommand)]
    Collections(collections::Command),
    /// Load records from a file
    #[command(subcommand)]
    Import(import::Command),
    /// Write a consistent copy of the database to a file
    Backup(backup::Flags),
    /// Print the OpenAPI document of the collections
    Openapi(openapi::Flags),
    /// Serve the API of a file of collections with example data, for building apps
    Mock(mock::Flags),
    /// Look for what could go wrong on this machine
    Doctor,
    /// Ask the running server how it is
    Health(health::Flags),
    /// Print the version
    Version,
    /// Print the completions of a shell
    Completions(completions::Flags),
}

/// What every command is given.
struct Context {
    config: Config,
    json: bool,
}

/// Runs the command of the process's arguments.
pub fn run() -> ExitCode {
    keep_files_private();
    let Cli { global, command } = Cli::parse();
    match execute(global, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", describe(&error));
            ExitCode::from(if error.is::<ConfigError>() { 2 } else { 1 })
        }
    }
}

/// Whatever a command makes, be it the database, its socket or an export, may hold secrets: only its owner gets at it,
/// also where the directory was there before and is open to others.
fn keep_files_private() {
    // SAFETY: umask takes a plain integer and can't fail; no other thread runs yet.
    unsafe { libc::umask(0o077) };
}

fn execute(global: Global, command: Command) -> anyhow::Result<()> {
    match &command {
        Command::Version => return version::run(global.json),
        Command::Completions(flags) => return completions::run(flags, Cli::command()),
        _ => {}
    }
    let mut flags = Vec::new();
    flags.extend(global.dir.map(|dir| ("--dir", "dir", dir)));
    match &command {
        Command::Serve(serve) => flags.extend(serve.values()),
        Command::Mock(mock) => flags.extend(mock.values()),
        Command::Health(health) => flags.extend(health.values()),
        _ => {}
    }
    let config = Config::load(&Sources { file: global.config, environment: std::env::vars().collect(), flags })?;
    let context = Context { config, json: global.json };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        match command {
            Command::Serve(_) => serve::run(context).await,
            Command::Superuser(command) => superuser::run(context, command).await,
            Command::Collections(command) => collections::run(context, command).await,
            Command::Import(command) => import::run(context, command).await,
            Command::Backup(flags) => backup::run(context, flags).await,
            Command::Openapi(flags) => openapi::run(context, flags).await,
            Command::Mock(flags) => mock::run(context, flags).await,
            Command::Doctor => doctor::run(&context).await,
            Command::Health(flags) => health::run(&context, &flags),
            Command::Version | Command::Completions(_) => Ok(()),
        }
    })
}

/// The message, with the field errors and the cause of an inner error: whoever may run commands may see them.
fn describe(error: &anyhow::Error) -> String {
    let Some(inner) = error.downcast_ref::<crate::error::Error>() else { return format!("{error:#}") };
    let cause = inner.cause().map(ToString::to_string);
    if let (true, Some(cause)) = (inner.message().is_empty(), &cause) {
        return cause.clone();
    }
    let mut text = inner.to_string();
    if !inner.fields().is_empty() {
        text.push_str(&format!(": {}", inner.fields().to_json()));
    }
    if let Some(cause) = cause {
        text.push_str(&format!(": {cause}"));
    }
    text
}
