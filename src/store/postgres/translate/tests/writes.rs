//! Statements that write rows and change the schema, in the forms that the rooms above make them in.

use rusqlite::Connection;

use super::views::on_sqlite;
use super::{Server, alike};
use crate::store::Value;

/// What is done on both engines, in order. Rows that a statement yields are compared, without regard to their order.
struct Both {
    db: Connection,
    server: Server,
    wrong: Vec<String>,
}

impl Both {
    fn find() -> Option<Self> {
        let server = Server::find()?;
        Some(Self { db: Connection::open_in_memory().expect("a database"), server, wrong: Vec::new() })
    }

    fn run(&mut self, sql: &str, values: &[Value]) {
        let expected = on_sqlite(&self.db, sql, values);
        let changes = ["CREATE", "ALTER", "DROP"].iter().any(|word| sql.starts_with(word));
        let found = match changes {
            true => self.server.execute(sql, values).map(|()| Vec::new()),
            false => self.server.case(sql, values).and_then(|case| self.server.answers(&[case]).remove(0)),
        };
        let wrong = match (&expected, &found) {
            (Ok(expected), Ok(found)) => {
                let missing = |row: &Vec<Value>| !found.iter().any(|other| alike(row, other));
                expected.len() != found.len() || expected.iter().any(missing)
            }
            (expected, found) => expected.is_ok() != found.is_ok(),
        };
        if wrong {
            self.wrong.push(format!("{sql}\n  {values:?}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }

    fn all(&mut self, statements: &[&str]) {
        for sql in statements {
            self.run(sql, &[]);
        }
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        assert!(std::thread::panicking() || self.wrong.is_empty(), "{}", self.wrong.join("\n\n"));
    }
}

fn text(text: &str) -> Value {
    text.into()
}

#[test]
fn records_are_written_and_read_back() {
    let Some(mut both) = Both::find() else { return };
    both.all(&["CREATE TABLE \"posts\" (\"id\" TEXT PRIMARY KEY NOT NULL, \"title\" TEXT DEFAULT '' NOT NULL, \"n\" NUMERIC DEFAULT 0 NOT NULL, \"b\" BOOLEAN DEFAULT FALSE NOT NULL, \"tags\" JSON DEFAULT '[]' NOT NULL, \"j\" JSON DEFAULT NULL, \"at\" JSON DEFAULT '{\"lon\":0,\"lat\":0}' NOT NULL, \"@rev\" INTEGER DEFAULT 0 NOT NULL)"]);
    let insert = "INSERT INTO \"posts\" (\"id\", \"title\", \"n\", \"b\", \"tags\", \"j\", \"at\", \"@rev\") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let at = || text("{\"lon\":1.5,\"lat\":-0.25}");
    let rows = [
        [text("a"), text("5"), Value::Real(5.0), true.into(), text("[\"x\"]"), text("5"), at(), Value::Int(1)],
        [text("b"), text("É'\\\n"), Value::Real(1e21), false.into(), text("[]"), Value::Null, at(), Value::Int(2)],
        [text("c"), text(" 1e3"), Value::Int(7), Value::Int(1), text("[]"), text("1e3"), at(), Value::Int(3)],
        [text("d"), text(""), text("12.50"), false.into(), text("[]"), text("\"12\""), at(), Value::Int(4)],
        [text("e"), Value::Int(3), Value::Real(-0.5), false.into(), text("[]"), text("true"), at(), Value::Int(5)],
        [
            text("f"),
            Value::Real(3.0),
            Value::Real(0.1),
            true.into(),
            text("[]"),
            text("{\"b\":1,\"a\":2}"),
            at(),
            Value::Int(6),
        ],
        [text("g"), text(""), Value::Int(0), false.into(), text("[]"), text("9007199254740993"), at(), Value::Int(7)],
        [text("h"), text(""), Value::Int(0), false.into(), text("[]"), text("-0.50"), at(), Value::Int(7)],
        [text("a"), text("again"), Value::Int(0), false.into(), text("[]"), Value::Null, at(), Value::Int(7)],
    ];
    for row in &rows {
        both.run(insert, row);
    }
    both.all(&["SELECT * FROM \"posts\"", "SELECT id, typeof(title), typeof(b), typeof(j) FROM posts"]);
    both.run(
        "UPDATE \"posts\" SET \"title\" = ?1, \"n\" = ?2, \"@rev\" = ?3 WHERE \"id\" = ?4",
        &[text("new"), Value::Int(9), Value::Int(8), text("b")],
    );
    both.run(
        "UPDATE \"posts\" SET \"j\" = ?1, \"@rev\" = ?2 WHERE \"id\" = ?3 AND \"@rev\" = ?4",
        &[text("[1]"), Value::Int(9), text("c"), Value::Int(3)],
    );
    both.run(
        "DELETE FROM \"posts\" WHERE \"id\" = ?1 AND \"@rev\" = ?2 RETURNING id, \"@rev\"",
        &[text("d"), Value::Int(4)],
    );
    both.run(
        "SELECT 1 WHERE (SELECT COUNT(*) FROM \"posts\" AS r WHERE r.\"id\" IN (SELECT value FROM json_each(?1))) = ?2",
        &[text("[\"a\",\"b\"]"), Value::Int(2)],
    );
    both.run("WITH \"@draft\" AS (SELECT ?2 AS \"id\", ?3 AS \"n\", ?4 AS \"tags\", ?5 AS \"b\") SELECT 1 FROM \"@draft\" AS r WHERE r.\"n\" > 4 AND r.\"id\" = ?1 AND r.b = 1 AND EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(r.tags) THEN r.tags END) t WHERE t.value = 'x') LIMIT 1", &[text("q"), text("q"), Value::Real(5.0), text("[\"x\"]"), true.into()]);
    both.all(&["SELECT 1 WHERE 0", "SELECT id, title FROM posts ORDER BY rowid", "SELECT * FROM posts"]);
}

#[test]
fn system_tables_are_written_and_read_back() {
    let Some(mut both) = Both::find() else { return };
    both.all(&[
        "CREATE TABLE _params (id TEXT PRIMARY KEY NOT NULL, value TEXT, created TEXT NOT NULL DEFAULT '', updated TEXT NOT NULL DEFAULT '') WITHOUT ROWID",
        "CREATE TABLE _jobs (id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, priority INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, unique_key TEXT, error TEXT NOT NULL DEFAULT '') WITHOUT ROWID",
        "CREATE INDEX _jobs_due ON _jobs (priority, due) WHERE state < 2",
        "CREATE UNIQUE INDEX _jobs_unique_key ON _jobs (unique_key) WHERE unique_key IS NOT NULL AND state < 2",
        "CREATE TABLE _job_runs (cron TEXT NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (cron, slot)) WITHOUT ROWID",
        "CREATE TABLE _idempotency (key BLOB PRIMARY KEY NOT NULL, request BLOB NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE _collections (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, system INTEGER NOT NULL DEFAULT 0, listRule TEXT)",
    ]);
    let upsert = "INSERT INTO _params (id, value, created, updated) VALUES ('settings', ?1, ?2, ?2) ON CONFLICT (id) DO UPDATE SET value = excluded.value, updated = excluded.updated";
    both.run(upsert, &[text("{}"), text("now")]);
    both.run(upsert, &[text("{\"a\":1}"), text("later")]);
    both.all(&["SELECT value, created, updated FROM _params WHERE id = 'settings'"]);
    let enqueue = "INSERT INTO _jobs (id, name, priority, due, unique_key) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND state < 2 DO UPDATE SET unique_key = excluded.unique_key RETURNING id";
    for (id, priority, key) in
        [("j1", 1, Value::Null), ("j2", 2, text("k")), ("j3", 0, text("k")), ("j4", 1, text("m"))]
    {
        both.run(enqueue, &[text(id), text("mail"), Value::Int(priority), Value::Int(10 + priority), key]);
    }
    let take = "UPDATE _jobs SET state = 1, attempt = attempt + 1, due = ?2 WHERE id IN (
        SELECT id FROM (
            SELECT id, priority, due FROM (SELECT id, priority, due FROM _jobs
                WHERE state < 2 AND priority = 2 AND due <= ?1 ORDER BY due LIMIT ?3) AS high
            UNION ALL SELECT id, priority, due FROM (SELECT id, priority, due FROM _jobs
                WHERE state < 2 AND priority = 1 AND due <= ?1 ORDER BY due LIMIT ?3) AS normal
        ) AS waiting ORDER BY priority DESC, due, id LIMIT ?3)
        RETURNING id, name, attempt, priority";
    both.run(take, &[Value::Int(1_800_000_000_000), Value::Int(1_800_000_060_000), Value::Int(2)]);
    both.all(&[
        "SELECT * FROM _jobs",
        "SELECT min(due) FROM (SELECT min(due) AS due FROM _jobs WHERE state < 2 AND priority = 2 UNION ALL SELECT min(due) FROM _jobs WHERE state < 2 AND priority = 9) AS first",
        "SELECT (SELECT count(*) FROM _jobs WHERE state < 2) + (SELECT count(*) FROM _jobs WHERE state = 2)",
    ]);
    for state in [Value::Null, Value::Int(1)] {
        both.run(
            "SELECT id, state, due FROM _jobs WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3",
            &[state.clone(), Value::Int(2), Value::Int(0)],
        );
        both.run("SELECT count(*) FROM _jobs WHERE ?1 IS NULL OR state = ?1", &[state]);
    }
    both.run("DELETE FROM _jobs WHERE id IN (SELECT id FROM _jobs WHERE state = 1 AND due < ?1 ORDER BY due LIMIT ?2) RETURNING 1", &[Value::Int(1_900_000_000_000), Value::Int(10)]);
    for _ in 0..2 {
        both.run(
            "INSERT INTO _job_runs (cron, slot) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            &[text("c"), Value::Int(5)],
        );
        both.run("INSERT INTO _job_runs (cron, slot) VALUES (?1, ?2)", &[text("c"), Value::Int(6)]);
    }
    both.run("DELETE FROM _job_runs WHERE slot < ?1 AND slot < (SELECT max(slot) FROM _job_runs AS later WHERE later.cron = _job_runs.cron)", &[Value::Int(100)]);
    both.all(&["SELECT cron, max(slot) FROM _job_runs GROUP BY cron", "SELECT * FROM _job_runs"]);
    let key = || Value::Blob(vec![0, 1, 255]);
    both.run(
        "INSERT INTO _idempotency (key, request, at_ms) VALUES (?1, ?2, ?3)",
        &[key(), Value::Blob(vec![9]), Value::Int(5)],
    );
    both.run("SELECT request FROM _idempotency WHERE key = ?1 AND at_ms > ?2", &[key(), Value::Int(1)]);
    both.run("DELETE FROM _idempotency WHERE key IN (SELECT key FROM _idempotency WHERE at_ms <= ?1 ORDER BY at_ms LIMIT ?2) RETURNING 1", &[Value::Int(9), Value::Int(3)]);
    let save = "INSERT INTO _collections (id, name, system, listRule) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE SET name = ?2, listRule = ?4";
    both.run(save, &[text("c1"), text("posts"), false.into(), Value::Null]);
    both.run(save, &[text("c2"), text("users"), true.into(), text("")]);
    both.run(save, &[text("c1"), text("Posts"), false.into(), text("id = 1")]);
    both.all(&["SELECT id, name, system, listRule FROM _collections ORDER BY number"]);
}

#[test]
fn tables_change_and_keep_their_rows() {
    let Some(mut both) = Both::find() else { return };
    let multi = "(CASE WHEN COALESCE(\"l2\", '') = '' THEN '[]' \
                 WHEN json_valid(\"l2\") AND json_type(\"l2\") = 'array' THEN \"l2\" ELSE json_array(\"l2\") END)";
    let single = "(CASE WHEN COALESCE(\"l\", '[]') IN ('', '[]') THEN '' \
                  WHEN json_valid(\"l\") AND json_type(\"l\") = 'array' THEN COALESCE(json_extract(\"l\", '$[#-1]'), '') \
                  ELSE \"l\" END)";
    both.all(&[
        "CREATE TABLE \"a\" (\"id\" TEXT PRIMARY KEY NOT NULL, \"t\" TEXT DEFAULT '' NOT NULL, \"l\" JSON DEFAULT '[]' NOT NULL, \"@rev\" INTEGER DEFAULT 0 NOT NULL)",
        "CREATE UNIQUE INDEX `ta` ON `a` (`t` COLLATE NOCASE, id) WHERE `t` != ''",
        "CREATE INDEX te ON a (lower(t), json_extract(l, '$[0]') DESC)",
        "INSERT INTO a (id, t, l) VALUES ('1', 'x', '[\"p\",\"q\"]'), ('2', '', '[]'), ('3', '5', '[\"\"]'), ('4', '[\"k\"]', '[\"7\"]'), ('5', '\"é', '[]')",
        "DROP INDEX IF EXISTS \"ta\"",
        "DROP INDEX IF EXISTS \"te\"",
        "ALTER TABLE \"a\" RENAME TO \"@between\"",
        "ALTER TABLE \"@between\" RENAME TO \"A\"",
        "ALTER TABLE \"A\" RENAME COLUMN \"t\" TO \"@0\"",
        "ALTER TABLE \"A\" RENAME COLUMN \"@0\" TO \"l2\"",
        "ALTER TABLE \"A\" ADD COLUMN \"@new\" JSON DEFAULT '[]' NOT NULL",
    ]);
    both.run(&format!("UPDATE \"A\" SET \"@new\" = {multi}"), &[]);
    both.all(&[
        "ALTER TABLE \"A\" DROP COLUMN \"l2\"",
        "ALTER TABLE \"A\" RENAME COLUMN \"@new\" TO \"l2\"",
        "SELECT * FROM A",
        "ALTER TABLE \"A\" ADD COLUMN \"@new\" TEXT DEFAULT '' NOT NULL",
    ]);
    both.run(&format!("UPDATE \"A\" SET \"@new\" = {single}"), &[]);
    both.all(&[
        "ALTER TABLE \"A\" DROP COLUMN \"l\"",
        "ALTER TABLE \"A\" RENAME COLUMN \"@new\" TO \"l\"",
        "ALTER TABLE \"A\" ADD COLUMN \"d\" NUMERIC DEFAULT 0 NOT NULL",
        "ALTER TABLE \"A\" ADD COLUMN \"e\" BOOLEAN DEFAULT FALSE NOT NULL",
        "SELECT id, l, l2, d, e FROM a",
        "CREATE VIEW v AS SELECT * FROM (SELECT id, l2, d + 1 AS more, json_extract(l2, '$[0]') AS mixed, count(*) AS c FROM A GROUP BY id)",
        "SELECT * FROM v ORDER BY id",
        "CREATE VIEW w AS SELECT * FROM (SELECT v.id, v.mixed AS m, upper(v.id) AS loud FROM v WHERE mixed > '0' OR mixed = 7)",
        "SELECT r.id, r.m, r.loud, typeof(m) FROM w AS r WHERE r.m IS NOT NULL ORDER BY r.m DESC",
        "DROP VIEW IF EXISTS \"w\"",
        "DROP VIEW IF EXISTS \"v\"",
        "DROP TABLE IF EXISTS \"A\"",
        "DROP TABLE IF EXISTS \"A\"",
    ]);
}
