//! A data directory that lasts as long as a command: the collections of a file and nothing else.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value as Json;

use super::collections;
use super::progress;
use super::task::Task;
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, Durability};
use crate::crypto::lowercase_id;

const NAME_LENGTH: usize = 12;

/// The directory; it goes with all that is in it when this is dropped.
pub(super) struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    pub(super) fn new() -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("basalt-{}", lowercase_id(NAME_LENGTH)));
        private_dir(&dir).with_context(|| format!("can't make {}", dir.display()))?;
        Ok(Self { dir })
    }

    pub(super) fn path(&self) -> &Path {
        &self.dir
    }

    /// This configuration on the directory. What is lost with the process needs no flush.
    pub(super) fn config(&self, config: &Config) -> Config {
        let mut config = Config { dir: self.dir.clone(), ..config.clone() };
        config.sqlite.durability = Durability::Normal;
        config
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Whatever can't be removed lies where the system clears up.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Makes a directory, and those on the way to it, in which nobody else may read: databases hold secrets.
pub(super) fn private_dir(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Runs a task on the collections of a file.
pub(super) async fn run(config: &Config, file: &Path, task: Task) -> anyhow::Result<Json> {
    let collections = collections::read(file)?;
    let scratch = Scratch::new()?;
    let app = App::open(scratch.config(config), Clock::system()).await?;
    let result = async {
        app.collections.import(collections, false).await?;
        // Whatever is made of a schema is made at once: there is nothing to watch.
        progress::follow(async |progress| task.run(&app, progress).await, async |_| {}).await
    };
    let result = result.await;
    app.close().await;
    Ok(result?)
}
