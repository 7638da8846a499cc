//! `basalt openapi`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::task::Task;
use super::{Context, reach, scratch};
use crate::api::Audience;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// For whose rights
    #[arg(long = "as", value_name = "CALLER", default_value = "guest")]
    caller: Reader,
    /// Where to; standard output when left out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The collections of this file (of `collections export`) instead of those of the data directory
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
}

/// Who the document is for.
#[derive(Debug, Clone, Copy, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reader {
    /// Whoever has no superuser's token: all that rules can ever allow
    Guest,
    /// Everything
    Superuser,
}

impl Reader {
    pub(super) fn audience(self) -> Audience {
        match self {
            Reader::Guest => Audience::Public,
            Reader::Superuser => Audience::Superuser,
        }
    }
}

pub(super) async fn run(context: Context, flags: Flags) -> anyhow::Result<()> {
    let task = Task::Openapi { reader: flags.caller };
    let document = match &flags.schema {
        Some(file) => scratch::run(&context.config, file, task).await?,
        None => reach::run(&context.config, task).await?,
    };
    let text = format!("{}\n", serde_json::to_string_pretty(&document)?);
    match flags.out {
        Some(file) => std::fs::write(&file, text).with_context(|| format!("can't write {}", file.display())),
        None => {
            print!("{text}");
            Ok(())
        }
    }
}
