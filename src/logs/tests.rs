use expect_test::{Expect, expect};
use serde_json::Value as Json;

use super::Logs;
use super::entry::RequestEntry;
use crate::clock::Clock;
use crate::settings;
use crate::store::sqlite::{Engine, Options};
use crate::store::{Statement, Store};

fn entry() -> RequestEntry<'static> {
    RequestEntry {
        method: "GET",
        url: "/api/x?filter=\"a\"&token=abc&b=\u{1}",
        status: 200,
        exec_time_ms: 1.23456,
        auth: "users",
        auth_id: "ada",
        user_ip: "10.0.0.1",
        remote_ip: "127.0.0.1",
        ..RequestEntry::default()
    }
}

fn check(entry: &RequestEntry<'_>, kept: &settings::Logs, expected: Expect) {
    let mut data = String::new();
    entry.data(kept, &mut data);
    serde_json::from_str::<Json>(&data).expect("JSON");
    expected.assert_eq(&data);
}

#[test]
fn the_settings_say_what_is_kept() {
    let all = settings::Logs::default();
    check(
        &entry(),
        &all,
        expect![[
            r#"{"type":"request","url":"/api/x?filter=\"a\"&token=*&b=\u0001","method":"GET","status":200,"execTime":1.235,"auth":"users","userIP":"10.0.0.1","remoteIP":"127.0.0.1","referer":"","userAgent":""}"#
        ]],
    );
    let private = settings::Logs { log_ip: false, log_auth_id: true, ..all.clone() };
    let failed = RequestEntry { error: "no", details: "why", url: "/é", ..entry() };
    check(
        &failed,
        &private,
        expect![[
            r#"{"type":"request","url":"/é","method":"GET","status":200,"execTime":1.235,"auth":"users","authId":"ada","referer":"","userAgent":"","error":"no","details":"why"}"#
        ]],
    );
    let small = settings::Logs { max_data_size: 2, ..private };
    check(
        &failed,
        &small,
        expect![[
            r#"{"type":"request","url":"/","method":"G","status":200,"execTime":1.235,"auth":"","authId":"","referer":"","userAgent":"","error":"","details":"","__pb_truncated__":true}"#
        ]],
    );
}

#[test]
fn levels_and_messages() {
    let check = |status: u16, level: i64| assert_eq!(RequestEntry { status, ..entry() }.level(), level, "{status}");
    check(200, 0);
    check(304, 0);
    check(404, 8);
    check(500, 8);
    let mut message = String::new();
    entry().message(&mut message);
    assert_eq!(message, "GET /api/x");
}

#[test]
fn durations_have_three_decimals_at_most() {
    let check = |exec_time_ms: f64, expected: &str| {
        let mut data = String::new();
        RequestEntry { exec_time_ms, ..entry() }.data(&settings::Logs::default(), &mut data);
        assert!(data.contains(&format!(r#""execTime":{expected},"#)), "{exec_time_ms}: {data}");
    };
    check(0.0, "0");
    check(0.0004, "0");
    check(0.05, "0.05");
    check(0.123, "0.123");
    check(7.1, "7.1");
    check(12.0, "12");
    check(1234.5678, "1234.568");
    check(-1.0, "0");
    check(f64::NAN, "0");
    check(f64::INFINITY, "0");
}

#[tokio::test]
async fn the_sweep_keeps_the_days_of_the_settings() {
    const DAY_MS: i64 = 86_400_000;
    let now_ms = 1_764_000_000_000;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Store::Sqlite(Engine::open(Options::for_tests(dir.path())).expect("the directory is free"));
    let settings = settings::Settings::open(store.clone()).await.expect("settings");
    let kept_days = settings.load().logs.max_days;
    let logs = Logs::open(dir.path(), settings, Clock::fixed(now_ms)).expect("a log");
    for (url, age_ms) in [("/old", kept_days * DAY_MS + 1), ("/edge", kept_days * DAY_MS), ("/new", 0)] {
        logs.request(&RequestEntry { url, at_ms: now_ms - age_ms, ..entry() });
    }
    logs.sweep().await.expect("a sweep");
    let rows =
        logs.0.aux.rows(Statement::new("SELECT message FROM _logs ORDER BY id", Vec::new())).await.expect("rows");
    let left: Vec<&str> = rows.iter().map(|row| row.get(0).as_str()).collect();
    assert_eq!(left, ["GET /edge", "GET /new"]);
    logs.close().await;
    store.close().await;
}
