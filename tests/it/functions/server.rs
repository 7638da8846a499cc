//! PostgreSQL, asked through `psql`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rusqlite::types::Value;

const FUNCTIONS: &str = include_str!("../../../migrations/postgres/0000_functions.sql");

/// A schema with the functions, and a role that owns nothing else; both are gone with it.
pub struct Server {
    url: String,
    name: String,
}

impl Server {
    pub fn find() -> Option<Self> {
        let url = std::env::var("TEST_POSTGRES_URL").ok()?;
        Command::new("psql").arg("--version").stdout(Stdio::null()).status().ok().filter(|status| status.success())?;
        let server = Self { url, name: format!("functions_{}", std::process::id()) };
        let name = &server.name;
        server.must(&format!(
            "CREATE ROLE {name}; GRANT {name} TO CURRENT_USER; CREATE SCHEMA {name} AUTHORIZATION {name};"
        ));
        for _ in 0..2 {
            server.must(&format!("{}{FUNCTIONS}", server.enter()));
        }
        Some(server)
    }

    fn enter(&self) -> String {
        format!("SET client_min_messages = warning; SET search_path = {0}; SET ROLE {0};\n", self.name)
    }

    /// What an expression over `v1`, `v2`, … gives for each row, as text.
    pub fn answers(&self, expression: &str, rows: &[Vec<Value>]) -> Result<Vec<Option<String>>, String> {
        let columns: Vec<String> = (1..=rows[0].len()).map(|number| format!("v{number} text COLLATE \"C\"")).collect();
        let mut script = format!(
            "{}CREATE TEMP TABLE input (n integer, {});\nCOPY input FROM STDIN;\n",
            self.enter(),
            columns.join(", ")
        );
        for (number, row) in rows.iter().enumerate() {
            script.push_str(&number.to_string());
            for value in row {
                script.push('\t');
                script.push_str(&spelled(value).map_or_else(|| "\\N".to_owned(), |text| escaped(&text)));
            }
            script.push('\n');
        }
        script.push_str(&format!("\\.\nCOPY (SELECT ({expression})::text FROM input ORDER BY n) TO STDOUT;\n"));
        let answer = self.run(&script)?;
        Ok(answer.split_terminator('\n').map(|line| (line != "\\N").then(|| unescaped(line))).collect())
    }

    fn must(&self, script: &str) {
        self.run(script).unwrap_or_else(|message| panic!("{message}"));
    }

    fn run(&self, script: &str) -> Result<String, String> {
        let mut psql = Command::new("psql")
            .args([&self.url, "-XqAt", "-v", "ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut stdin = psql.stdin.take().ok_or("no input")?;
        let output = std::thread::scope(|scope| {
            // It may stop reading at an error, which its status tells.
            scope.spawn(move || stdin.write_all(script.as_bytes()).ok());
            psql.wait_with_output()
        })
        .map_err(|error| error.to_string())?;
        match output.status.success() {
            true => String::from_utf8(output.stdout).map_err(|error| error.to_string()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let script = format!("SET client_min_messages = warning; DROP SCHEMA {0} CASCADE; DROP ROLE {0};", self.name);
        self.run(&script).ok();
    }
}

/// A value as text that either engine reads back as the same; `None` for null.
pub fn spelled(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Blob(_) => None,
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) if number.is_infinite() => {
            Some(if *number > 0.0 { "Infinity" } else { "-Infinity" }.into())
        }
        Value::Real(number) => Some(format!("{number:?}")),
        Value::Text(text) => Some(text.clone()),
    }
}

/// As a field of COPY.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
}

fn unescaped(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(char) = chars.next() {
        let escape = if char == '\\' { chars.next() } else { None };
        text.push(match escape {
            None => char,
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('v') => '\u{b}',
            Some(other) => other,
        });
    }
    text
}
