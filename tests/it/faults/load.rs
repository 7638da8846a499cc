//! Writers without pause, and what they were promised.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::cli::process::{Place, Server};

/// Longer than anything may take; only a fault lasts so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writers that ask one after the other, each over its own connection.
pub struct Writers {
    tasks: Vec<JoinHandle<Vec<Promise>>>,
    enough: Arc<Notify>,
}

/// What an acknowledged write said: the record must be there, with this text.
#[derive(Debug)]
pub struct Promise {
    pub id: String,
    pub title: String,
}

/// A directory with a collection `notes` that everybody may use.
pub fn place() -> Place {
    let place = Place::new();
    let open = json!([{
        "name": "notes", "type": "base", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "",
        "deleteRule": "", "fields": [{ "name": "title", "type": "text", "max": 200_000 }],
    }]);
    std::fs::write(place.path().join("collections.json"), open.to_string()).expect("a file");
    place.ok(&["collections", "import", "collections.json"]);
    place
}

pub fn records(server: &Server) -> String {
    format!("{}/api/collections/notes/records", server.url)
}

impl Writers {
    /// Starts `count` of them; each second write changes the record of the one before.
    pub fn start(server: &Server, count: usize, enough: usize) -> Self {
        let url = records(server);
        let done = Arc::new(AtomicUsize::new(0));
        let notify = Arc::new(Notify::new());
        let tasks = (0..count)
            .map(|number| {
                let (url, done, notify) = (url.clone(), done.clone(), notify.clone());
                tokio::spawn(write(url, number, move || {
                    if done.fetch_add(1, Ordering::Relaxed) + 1 == enough {
                        notify.notify_one();
                    }
                }))
            })
            .collect();
        Self { tasks, enough: notify }
    }

    /// Returns once so many writes as asked for were acknowledged.
    pub async fn enough(&self) {
        tokio::time::timeout(PATIENCE, self.enough.notified()).await.expect("the server takes so many writes in time");
    }

    /// Everything that was acknowledged, once no writer reaches the server any more.
    pub async fn promises(self) -> Vec<Promise> {
        let mut promises = Vec::new();
        for task in self.tasks {
            promises.extend(task.await.expect("no panic"));
        }
        promises
    }
}

async fn write(url: String, number: usize, acknowledged: impl Fn()) -> Vec<Promise> {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
    let mut promises: Vec<Promise> = Vec::new();
    for count in 0_usize.. {
        let title = format!("{number}-{count}");
        let changed = (count % 2 == 1).then(|| promises.pop()).flatten();
        let request = match &changed {
            Some(before) => client.patch(format!("{url}/{}", before.id)),
            None => client.post(&url),
        };
        let Ok(answer) = request.json(&json!({ "title": title })).send().await else {
            // Whether a change that was not answered was made is open: nothing is promised of that record.
            break;
        };
        let status = answer.status();
        let Ok(record) = answer.json::<Json>().await else { break };
        // A server that is about to stop may say so.
        if status == 503 {
            break;
        }
        assert_eq!(status, 200, "{record}");
        assert_eq!(record["title"], title.as_str());
        promises.push(Promise { id: record["id"].as_str().expect("an id").to_owned(), title });
        acknowledged();
    }
    promises
}

/// Looks into the file that a dead server left.
pub fn verify(data_dir: &Path, promises: &[Promise]) {
    let database = rusqlite::Connection::open(data_dir.join("data.db")).expect("it opens");
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(check, "ok");
    let one = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect(sql);
    assert_eq!(one("SELECT max(rev) - min(rev) + 1 - count(*) FROM _feed"), 0, "the feed has a gap");
    assert_eq!(one("SELECT count(*) - count(DISTINCT rev) FROM _feed"), 0, "a revision is there twice");
    let foreign = "SELECT count(*) FROM notes n WHERE n.\"@rev\" IS NOT
        (SELECT max(f.rev) FROM _feed f WHERE f.rec = n.id)";
    assert_eq!(one(foreign), 0, "a row's revision is not its last one in the feed");
    let mut look = database.prepare("SELECT title FROM notes WHERE id = ?1").expect("a statement");
    for Promise { id, title } in promises {
        let found: Option<String> = look.query_row([id], |row| row.get(0)).ok();
        assert_eq!(found.as_ref(), Some(title), "{id} was acknowledged");
    }
}
