//! `basalt collections export|import`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::Value as Json;

use super::task::Task;
use super::{Context, reach};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write all collections as JSON, without secrets
    Export {
        /// Where to; standard output when left out
        file: Option<PathBuf>,
    },
    /// Create and update the collections of a JSON file
    Import {
        file: PathBuf,
        /// Delete the collections that the file does not have, with their records
        #[arg(long)]
        delete_missing: bool,
    },
}

pub(super) async fn run(context: Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Export { file } => {
            let collections = reach::run(&context.config, Task::CollectionsExport).await?;
            let text = format!("{}\n", serde_json::to_string_pretty(&collections)?);
            match file {
                Some(file) => std::fs::write(&file, text).with_context(|| format!("can't write {}", file.display()))?,
                None => print!("{text}"),
            }
        }
        Command::Import { file, delete_missing } => {
            let collections = read(&file)?;
            let count = collections.len();
            reach::run(&context.config, Task::CollectionsImport { collections, delete_missing }).await?;
            match context.json {
                true => println!("{}", serde_json::json!({ "collections": count })),
                false => println!("imported {count} collections"),
            }
        }
    }
    Ok(())
}

/// A list of collections, bare or under `collections`, as the API takes it.
pub(super) fn read(file: &Path) -> anyhow::Result<Vec<Json>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
    let json: Json = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?;
    let list = match json {
        Json::Object(mut map) => map.remove("collections").unwrap_or_default(),
        other => other,
    };
    match list {
        Json::Array(list) => Ok(list),
        _ => anyhow::bail!("{} holds no list of collections", file.display()),
    }
}
