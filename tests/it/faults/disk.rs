//! A disk that takes no more: writes are refused, reads go on, nothing is lost, and writing goes on when there is
//! room again. A limit on the size of files stands for the full disk.
#![cfg(target_os = "linux")]

use std::os::unix::process::CommandExt as _;

use serde_json::json;

use super::load::{Promise, place, records, verify};

/// No file of the server may grow past this.
const FILE_BYTES: u64 = 3 << 20;
/// Large enough that some hundred fill the disk.
const TITLE: usize = 50_000;

#[tokio::test]
async fn a_full_disk_refuses_writes_and_loses_none() {
    let place = place();
    let server = place.serve_with(|command| {
        // SAFETY: both calls are async-signal-safe and touch nothing of the parent.
        unsafe {
            command.pre_exec(|| {
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                let limit = libc::rlimit { rlim_cur: FILE_BYTES, rlim_max: libc::RLIM_INFINITY };
                match libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            });
        }
    });
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = records(&server);
    let write = |title: String| client.post(&url).json(&json!({ "title": title })).send();
    let (mut promises, mut refused) = (Vec::new(), 0);
    for number in 0..400 {
        let title = format!("{number}-{}", "x".repeat(TITLE));
        let answer = write(title.clone()).await.expect("an answer");
        match answer.status().as_u16() {
            200 => {
                let record: serde_json::Value = answer.json().await.expect("a record");
                promises.push(Promise { id: record["id"].as_str().expect("an id").to_owned(), title });
            }
            503 => {
                assert!(answer.headers().contains_key("retry-after"));
                let text = answer.text().await.expect("a body");
                assert!(!text.contains("disk") && !text.contains("data.db"), "{text}");
                refused += 1;
                if refused == 5 {
                    break;
                }
            }
            status => panic!("{status}: {}", answer.text().await.unwrap_or_default()),
        }
    }
    assert!(refused > 0 && promises.len() > 10, "{refused} refused, {} written", promises.len());
    let list = client.get(format!("{url}?perPage=1")).send().await.expect("an answer");
    assert_eq!(list.status(), 200, "reads go on");
    assert_eq!(list.json::<serde_json::Value>().await.expect("JSON")["totalItems"], promises.len());

    let room = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    let id = libc::pid_t::try_from(server.child.id()).expect("a process id");
    // SAFETY: a valid struct for the whole call; the old limit is not asked for.
    let lifted = unsafe { libc::prlimit(id, libc::RLIMIT_FSIZE, &raw const room, std::ptr::null_mut()) };
    assert_eq!(lifted, 0, "{}", std::io::Error::last_os_error());
    for number in 0..50 {
        let title = format!("after-{number}");
        let answer = write(title.clone()).await.expect("an answer");
        assert_eq!(answer.status(), 200, "writing goes on at once");
        let record: serde_json::Value = answer.json().await.expect("a record");
        promises.push(Promise { id: record["id"].as_str().expect("an id").to_owned(), title });
    }
    let ready = client.get(format!("{}/api/ready", server.url)).send().await.expect("an answer");
    assert_eq!(ready.status(), 200);
    server.signal("KILL");
    drop(server);
    verify(&place.path().join("data"), &promises);
}
