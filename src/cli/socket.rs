//! The Unix socket of a running server: one task in, its steps and one answer out, each a line of JSON.
//!
//! The socket lies in the data directory and only its owner may use it; who may read the database may also ask.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::progress::{self, Bar, Progress, Step};
use super::task::Task;
use crate::app::App;

const FILE_NAME: &str = "basalt.sock";

/// Tasks that run at once; more wait for their turn.
const TASKS_AT_ONCE: usize = 4;

/// The longest task or answer; collections with their fields are the largest.
const LINE_BYTES: u64 = 64 << 20;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Answer {
    Step(Step),
    Result(Json),
    Error(String),
}

/// The listening side; it ends, and its file goes, when it is dropped.
pub(super) struct Socket {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Socket {
    /// Listens in the directory that this process holds. Services keep to one thread while they work on a
    /// transaction, so this needs a `LocalSet` around it.
    pub(super) fn listen(app: App) -> anyhow::Result<Self> {
        let path = app.config.dir.join(FILE_NAME);
        // Left by a server that was killed: the directory's lock says that none runs now.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let listener = UnixListener::bind(&path).with_context(|| format!("can't listen on {}", path.display()))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { path, task: tokio::task::spawn_local(accept(listener, app)) })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
        // Without its file the next server has nothing to clear away; with it, it does.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The server that holds the directory; `None` when none answers there.
pub(super) async fn connect(dir: &Path) -> anyhow::Result<Option<UnixStream>> {
    match UnixStream::connect(dir.join(FILE_NAME)).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("can't reach the server of {}", dir.display())),
    }
}

/// Sends the task, shows its steps and waits for its answer.
pub(super) async fn ask(stream: UnixStream, task: &Task, bar: &Bar) -> anyhow::Result<Json> {
    let mut stream = BufReader::new(stream);
    send(stream.get_mut(), task).await?;
    loop {
        let line = receive(&mut stream).await?;
        match serde_json::from_slice(&line).context("the server broke off")? {
            Answer::Step(step) => bar.show(step),
            Answer::Result(result) => return Ok(result),
            Answer::Error(message) => anyhow::bail!(message),
        }
    }
}

async fn accept(listener: UnixListener, app: App) {
    let turns = Arc::new(Semaphore::new(TASKS_AT_ONCE));
    // Fails when the process has no file to spare; whoever asked will ask again.
    loop {
        let Ok(turn) = turns.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let app = app.clone();
                tokio::task::spawn_local(async move {
                    let _turn = turn;
                    if let Err(error) = answer(stream, &app).await {
                        tracing::debug!(%error, "a command went away");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a command could not be let in");
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn answer(stream: UnixStream, app: &App) -> anyhow::Result<()> {
    let mut stream = BufReader::new(stream);
    let line = receive(&mut stream).await?;
    let answer = match serde_json::from_slice::<Task>(&line) {
        Ok(task) => {
            let work = async |progress: &Progress| task.run(app, progress).await;
            // Who went away does not see the steps; the work goes on.
            let show = async |step| drop(send(stream.get_mut(), &Answer::Step(step)).await);
            progress::follow(work, show)
                .await
                .map_or_else(|error| Answer::Error(super::describe(&error.into())), Answer::Result)
        }
        Err(error) => Answer::Error(format!("the server does not know this task; is it another version? ({error})")),
    };
    send(stream.get_mut(), &answer).await
}

async fn send(stream: &mut UnixStream, message: &impl Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    Ok(())
}

async fn receive(stream: &mut BufReader<UnixStream>) -> anyhow::Result<Vec<u8>> {
    let mut line = Vec::new();
    stream.take(LINE_BYTES).read_until(b'\n', &mut line).await?;
    Ok(line)
}
