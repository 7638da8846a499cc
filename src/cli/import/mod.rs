//! `basalt import csv|json FILE --collection NAME [--infer]` and `basalt import undo ID`.
//!
//! `source.rs` reads rows with their line numbers, `infer.rs` guesses a schema from them, `load.rs` writes them
//! through the normal write path, `rejects.rs` sets aside what does not fit, `ledger.rs` keeps the ids so that an
//! import can be undone. The file is read twice, a few rows at a time: to see that it can be read whole, and to load.
//!
//! *Invariant:* a row is either a record or stands in the file of rejected rows with its line and the reason; the ids
//! of a batch are in the ledger before the batch is written, so that a crash leaves nothing that can't be undone.

mod infer;
mod ledger;
mod load;
mod pocketbase;
mod rejects;
mod source;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::Value as Json;

use super::task::Task;
use super::{Context, reach};

use infer::Inference;
pub(super) use ledger::undo;
pub(super) use load::{Order, load};
pub(super) use pocketbase::settle;
use source::Format;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Load the rows of a CSV file with a heading line
    Csv(Flags),
    /// Load the objects of a JSON file: a list of them, or one a line
    Json(Flags),
    /// Move a whole PocketBase here: collections, records, settings, log and files
    Pocketbase(pocketbase::Flags),
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
        Command::Pocketbase(flags) => return pocketbase::run(context, flags).await,
        Command::Undo { id } => {
            let result = reach::run(&context.config, Task::ImportUndo { id }).await?;
            return report(context.json, &result, |result| format!("deleted {} records", result["deleted"]));
        }
    };
    let file = std::path::absolute(&flags.file)?;
    let (mut inference, mut rows) = (Inference::default(), 0);
    for row in source::open(&file, format)? {
        let row = row.with_context(|| format!("can't use {}", file.display()))?;
        rows += 1;
        if flags.infer {
            inference.add(&row);
        }
    }
    let fields = flags.infer.then(|| inference.fields());
    if let Some(fields) = &fields
        && !context.json
    {
        show(&flags.collection, fields);
    }
    let task = Task::Import(Order { collection: flags.collection, fields, file, format, rows });
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
