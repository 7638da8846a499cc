//! `basalt backup FILE`.

use std::path::PathBuf;

use clap::Args;

use super::task::Task;
use super::{Context, reach};

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Where the copy goes; must not be there yet
    file: PathBuf,
}

pub(super) async fn run(context: Context, flags: Flags) -> anyhow::Result<()> {
    // A server may have another working directory.
    let target = std::path::absolute(flags.file)?;
    let result = reach::run(&context.config, Task::Backup { target: target.clone() }).await?;
    match context.json {
        true => println!("{result}"),
        false => println!("wrote {}", target.display()),
    }
    Ok(())
}
