//! `basalt import pocketbase SOURCE`: a PocketBase directory or backup becomes a data directory of ours.
//!
//! `source.rs` finds and distrusts what is there (`archive.rs` for a zip), `staging.rs` makes the new directory aside and
//! puts it in place when it is whole. In between `models.rs` brings over the collections (`parts.rs` what of
//! them is taken), `rows.rs` the records,
//! `params.rs` the settings, `entries.rs` the request log and `files.rs` the stored files, and each writes into
//! `report.rs` what it could not carry.
//!
//! *Invariant:* the source is never changed; nothing of it is left out without standing in the report; whoever serves the
//! directory finds all of the import or nothing of it.
//! Start reading at [`run`].

mod archive;
mod entries;
mod files;
mod models;
mod params;
mod parts;
mod report;
mod rows;
mod source;
mod staging;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::app::App;
use crate::cli::Context;
use crate::cli::progress::{self, Bar, Progress};
use crate::cli::scratch::Scratch;
use crate::clock::Clock;
use crate::config::{Config, Durability};
use report::Report;
use source::Source;
use staging::Staging;
pub(in crate::cli) use staging::settle;

/// How long a statement may take, and a write wait for its turn: seconds.
const PATIENCE_S: u64 = 3600;

#[derive(Debug, Args)]
pub(in crate::cli) struct Flags {
    /// A data directory of PocketBase 0.23 or later, or a zip of its backups
    source: PathBuf,
    /// Do everything but keep nothing, and say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Add to a data directory that is in use already, unless something is in both
    #[arg(long)]
    merge: bool,
    /// The environment variable with the key of encrypted settings
    #[arg(long, value_name = "NAME")]
    encryption_key_env: Option<String>,
}

/// What the parts of an import share.
struct Move<'a> {
    app: &'a App,
    source: &'a Source,
    merge: bool,
    encryption_key: Option<String>,
}

pub(super) async fn run(context: Context, flags: Flags) -> anyhow::Result<()> {
    crate::telemetry::init(&context.config.logs);
    let scratch = Scratch::new()?;
    let source = Source::open(&flags.source, scratch.path())?;
    let encryption_key = flags.encryption_key_env.as_deref().map(key).transpose()?;
    let aside = flags.dry_run.then(|| scratch.path().join("import"));
    let staging = Staging::begin(&context.config.dir, aside, flags.merge)?;
    let mut config = Config { dir: staging.path().to_owned(), ..context.config.clone() };
    // What is lost with the power is not in place yet.
    config.sqlite.durability = Durability::Normal;
    // Nobody waits for a slow disk but the import itself, which must not end for it.
    (config.sqlite.query_timeout_s, config.sqlite.write_wait_s) = (PATIENCE_S, PATIENCE_S);
    let app = App::open(config, Clock::system()).await?;
    let transfer = Move { app: &app, source: &source, merge: flags.merge, encryption_key };
    let bar = Bar::new();
    let work = async |progress: &Progress| transfer.run(progress).await;
    let done = progress::follow(work, async |step| bar.show(step)).await;
    drop(bar);
    app.close().await;
    let mut report = done?;
    if report.clashes() > 0 {
        report.print(context.json);
        bail!("the directory has some of it already, so nothing was imported");
    }
    report.dry_run = flags.dry_run;
    match flags.dry_run {
        true => files::count(&source, &mut report)?,
        false => {
            files::copy(&source, &staging.path().join("storage"), &mut report)?;
            staging.put_in_place()?;
        }
    }
    report.print(context.json);
    Ok(())
}

fn key(variable: &str) -> anyhow::Result<String> {
    std::env::var(variable).with_context(|| format!("the environment has no variable {variable}"))
}

impl Move<'_> {
    /// Everything but the files, in the order in which one needs the other.
    async fn run(&self, progress: &Progress) -> anyhow::Result<Report> {
        let mut report = Report::default();
        let models = models::read(self.source.data())?;
        let collections = models::create(self, models, &mut report).await?;
        if report.clashes() > 0 {
            return Ok(report);
        }
        params::carry(self, &mut report).await?;
        rows::carry(self, &collections, &mut report, progress).await?;
        models::make_indexes(self, &collections).await?;
        entries::carry(self, &mut report).await?;
        if !self.source.data().is_unchanged() {
            bail!("the source was changed while it was read: stop the server that has it and import again");
        }
        Ok(report)
    }
}
