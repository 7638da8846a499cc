//! `basalt import csv|json FILE --collection NAME [--infer]` and `basalt import undo ID`.
//!
//! `source.rs` reads rows with their line numbers, `infer.rs` guesses a schema from them, `load.rs` writes them in
//! batches through the normal write path, `ledger.rs` keeps the ids so that an import can be undone.
//!
//! *Invariant:* a row is either a record or stands in the file of rejected rows with its line and the reason; the ids
//! of a batch are in the ledger before the batch is written, so that a crash leaves nothing that can't be undone.

mod infer;
mod ledger;
mod load;
mod source;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::Value as Json;

use super::task::Task;
use super::{Context, reach};

pub(super) use ledger::undo;
pub(super) use load::load;
pub(super) use source::Format;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Load the rows of a CSV file with a heading line
    Csv(Flags),
    /// Load the objects of a JSON file: a list of them, or one a line
    Json(Flags),
    /// Delete the records that an import created
    Undo { id: String },
}

#[derive(Debug, Args)]
pub(super) struct Flags {
    file: PathBuf,
    /// The collection that takes the rows
    #[arg(long, value_name = "NAME")]
    collection: String,
    /// Create the collection with fields guessed from the rows
    #[arg(long)]
    infer: bool,
}

pub(super) async fn run(context: Context, command: Command) -> anyhow::Result<()> {
    let (format, flags) = match command {
        Command::Csv(flags) => (Format::Csv, flags),
        Command::Json(flags) => (Format::Json, flags),
        Command::Undo { id } => {
            let result = reach::run(&context.config, Task::ImportUndo { id }).await?;
            return report(context.json, &result, |result| format!("deleted {} records", result["deleted"]));
        }
    };
    let file = std::path::absolute(&flags.file)?;
    let rows = source::read(&file, format)?;
    let fields = flags.infer.then(|| infer::fields(&rows));
    if let Some(fields) = &fields
        && !context.json
    {
        show(&flags.collection, fields);
    }
    let task = Task::Import { collection: flags.collection, fields, file, format };
    let result = reach::run(&context.config, task).await?;
    report(context.json, &result, |result| {
        let mut text =
            format!("created {} records; undo with: basalt import undo {}", result["created"], text(&result["import"]));
        if let Some(path) = result["rejectedFile"].as_str() {
            text = format!("{text}\nrejected {} rows, see {path}", result["rejected"]);
        }
        text
    })
}

fn report(json: bool, result: &Json, words: impl Fn(&Json) -> String) -> anyhow::Result<()> {
    match json {
        true => println!("{result}"),
        false => println!("{}", words(result)),
    }
    Ok(())
}

fn show(collection: &str, fields: &[Json]) {
    println!("collection {collection}");
    for field in fields {
        let flag = |name: &'static str| if field[name] == true { name } else { "" };
        let values = field.get("values").map(Json::to_string).unwrap_or_default();
        let line = format!(
            "  {:24} {:8} {:8} {:6} {values}",
            text(&field["name"]),
            text(&field["type"]),
            flag("required"),
            flag("unique")
        );
        println!("{}", line.trim_end());
    }
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

/// Where rejected rows go: beside the file.
fn rejected_path(file: &Path, format: Format) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(match format {
        Format::Csv => ".rejected.csv",
        Format::Json => ".rejected.json",
    });
    name.into()
}
