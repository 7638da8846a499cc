//! Who runs a task: the server that holds the directory, or this process.

use serde_json::Value as Json;

use super::import;
use super::progress::{self, Bar, Progress};
use super::socket;
use super::task::Task;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;

/// Runs the task where the data is and returns its result.
pub(super) async fn run(config: &Config, task: Task) -> anyhow::Result<Json> {
    let bar = Bar::new();
    if let Some(stream) = socket::connect(&config.dir).await? {
        return socket::ask(stream, &task, &bar).await;
    }
    import::settle(&config.dir)?;
    crate::telemetry::init(&config.logs);
    let app = App::open(config.clone(), Clock::system()).await?;
    let work = async |progress: &Progress| task.run(&app, progress).await;
    let result = progress::follow(work, async |step| bar.show(step)).await;
    app.close().await;
    Ok(result?)
}
