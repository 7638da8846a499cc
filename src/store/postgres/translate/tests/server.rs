//! A schema on a real PostgreSQL, asked through `psql`.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::{Catalog, Kind, LoadedColumn, ParamKind, Relation, Translated, literal, statement};
use crate::store::Value;

const FUNCTIONS: &str = include_str!("../../../../../migrations/postgres/0000_functions.sql");

/// What no value holds: between columns, between rows, for null, between answers.
const COLUMN: char = '\u{1f}';
const ROW: char = '\u{1e}';
const NULL: &str = "\u{1}";
const ANSWER: char = '\u{1d}';
const STATE: char = '\u{1c}';

/// Tables and views of one test.
pub(crate) struct Server {
    url: String,
    schema: String,
    pub(crate) catalog: Catalog,
}

/// A translated statement and the values for it.
pub(crate) struct Case {
    pub(crate) translated: Translated,
    pub(crate) values: Vec<Value>,
}

type Rows = Vec<Vec<Value>>;

impl Server {
    /// `None`, and a line that says so, where there is no server.
    pub(crate) fn find() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let psql = Command::new("psql").arg("--version").stdout(Stdio::null()).status();
        let (Ok(url), Ok(_)) = (std::env::var("TEST_POSTGRES_URL"), psql) else {
            eprintln!("skipped: TEST_POSTGRES_URL names no server, or there is no psql");
            return None;
        };
        let schema = format!("translate_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let server = Self { url, schema, catalog: Catalog::default() };
        server.run(&format!("CREATE SCHEMA {};", server.schema), true);
        server.run(&format!("{}{FUNCTIONS}", server.enter()), true);
        Some(server)
    }

    fn enter(&self) -> String {
        format!("SET client_min_messages = error; SET search_path = {};\n", self.schema)
    }

    /// Runs a statement of SQLite's that changes the schema or writes rows, and looks at what there is then.
    pub(crate) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<(), String> {
        self.execute_all(&[sql], values)
    }

    /// The same for several that do not depend on each other.
    pub(crate) fn execute_all(&mut self, statements: &[&str], values: &[Value]) -> Result<(), String> {
        let kinds: Vec<ParamKind> = values.iter().map(ParamKind::of).collect();
        let mut cases = Vec::new();
        for sql in statements {
            let translated = statement(sql, &kinds, &self.catalog).map_err(|refused| format!("{sql}: {refused}"))?;
            cases.extend(translated.into_iter().map(|translated| Case { translated, values: values.to_vec() }));
        }
        for (case, answer) in cases.iter().zip(self.answers(&cases)) {
            answer.map_err(|error| format!("{}\n{error}", case.translated.sql))?;
        }
        if statements.iter().any(|sql| ["CREATE", "ALTER", "DROP"].iter().any(|word| sql.starts_with(word))) {
            self.load();
        }
        Ok(())
    }

    /// A statement that reads or writes rows.
    pub(crate) fn case(&self, sql: &str, values: &[Value]) -> Result<Case, String> {
        let kinds: Vec<ParamKind> = values.iter().map(ParamKind::of).collect();
        let translated = statement(sql, &kinds, &self.catalog).map_err(|refused| format!("{sql}: {refused}"))?;
        let translated = translated.into_iter().next().ok_or("no statement")?;
        Ok(Case { translated, values: values.to_vec() })
    }

    /// The catalog, from the system tables.
    fn load(&mut self) {
        let columns = format!(
            "SELECT c.relname, c.relkind = 'v', a.attname, t.typname, a.attnotnull, col_description(c.oid, a.attnum), obj_description(c.oid)
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             JOIN pg_type t ON t.oid = a.atttypid
             WHERE c.relnamespace = '{}'::regnamespace AND c.relkind IN ('r', 'v') ORDER BY c.oid, a.attnum;",
            self.schema
        );
        let output = self.run(&columns, true);
        let mut relations: Vec<(String, bool, Vec<LoadedColumn>, Option<String>)> = Vec::new();
        for row in output.strip_suffix('\n').unwrap_or_default().split(ROW).filter(|row| !row.is_empty()) {
            let cells: Vec<&str> = row.split(COLUMN).collect();
            let text = |index: usize| (cells[index] != NULL).then(|| cells[index].to_owned());
            let column = LoadedColumn {
                name: cells[2].to_owned(),
                type_name: cells[3].to_owned(),
                not_null: cells[4] == "t",
                comment: text(5),
            };
            match relations.last_mut() {
                Some((name, _, columns, _)) if name == cells[0] => columns.push(column),
                _ => relations.push((cells[0].to_owned(), cells[1] == "t", vec![column], text(6))),
            }
        }
        self.catalog = Catalog::default();
        for (name, is_view, columns, comment) in relations {
            self.catalog.insert(Relation::load(&name, is_view, columns, comment.as_deref()));
        }
    }

    /// The rows of each, or why there are none.
    pub(crate) fn answers(&self, cases: &[Case]) -> Vec<Result<Rows, String>> {
        let mut script = self.enter();
        for case in cases {
            let params = &case.translated.params;
            let types: Vec<&str> = params.iter().map(|param| param.kind.type_name()).collect();
            let values: Vec<String> = params.iter().map(|param| spelled(&case.values[param.source])).collect();
            let sql = &case.translated.sql;
            let changes = ["CREATE", "ALTER", "DROP", "COMMENT"].iter().any(|word| sql.starts_with(word));
            match changes {
                true => script.push_str(&format!("{sql};\n")),
                false => {
                    let (types, values) = match types.is_empty() {
                        true => (String::new(), String::new()),
                        false => (format!("({})", types.join(", ")), format!("({})", values.join(", "))),
                    };
                    script.push_str(&format!("PREPARE one{types} AS {sql};\nEXECUTE one{values};\n"));
                    script.push_str("\\set FAILED :ERROR\n\\set REASON :LAST_ERROR_MESSAGE\nDEALLOCATE ALL;\n");
                }
            }
            match changes {
                true => script.push_str(&format!("\\echo '{STATE}' :ERROR :LAST_ERROR_MESSAGE '{ANSWER}'\n")),
                false => script.push_str(&format!("\\echo '{STATE}' :FAILED :REASON '{ANSWER}'\n")),
            }
        }
        let output = self.run(&script, false);
        let mut answers = Vec::with_capacity(cases.len());
        for (number, (answer, case)) in output.split(ANSWER).zip(cases).enumerate() {
            let answer = if number > 0 { answer.strip_prefix('\n').unwrap_or(answer) } else { answer };
            let Some((rows, state)) = answer.split_once(STATE) else { break };
            answers.push(match state.trim_start().strip_prefix("true") {
                Some(reason) => Err(format!("{}\n{reason}", case.translated.sql)),
                None if rows.is_empty() => Ok(Vec::new()),
                None => {
                    let rows = rows.strip_suffix('\n').unwrap_or(rows);
                    Ok(rows.split(ROW).map(|row| values(row, &case.translated)).collect())
                }
            });
        }
        assert_eq!(answers.len(), cases.len(), "{output}");
        answers
    }

    fn run(&self, script: &str, must: bool) -> String {
        let stop = if must { "ON_ERROR_STOP=1" } else { "VERBOSITY=terse" };
        let mut psql = Command::new("psql")
            .args([&self.url, "-XqAt", "-v", stop, "-P", &format!("null={NULL}")])
            .args(["-F", &COLUMN.to_string(), "-R", &ROW.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("psql runs");
        let mut stdin = psql.stdin.take().expect("a pipe");
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(script.as_bytes()).ok());
            psql.wait_with_output().expect("psql ends")
        });
        assert!(!must || output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("texts")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run(&format!("SET client_min_messages = error; DROP SCHEMA {} CASCADE;", self.schema), false);
    }
}

impl ParamKind {
    fn type_name(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Int => "bigint",
            Self::Real => "double precision",
            Self::Blob => "bytea",
            _ => "text",
        }
    }
}

fn spelled(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Real(number) => literal::real(*number),
        Value::Text(text) => literal::text(text),
        Value::Blob(bytes) => literal::blob(bytes),
    }
}

/// A row as the engine would read it; texts of JSON that are numbers as SQLite has them.
fn values(row: &str, translated: &Translated) -> Vec<Value> {
    let cells: Vec<&str> = row.split(COLUMN).collect();
    let cell = |index: usize| cells.get(index).copied().filter(|cell| *cell != NULL);
    let number = |text: &str| text.parse().map_or_else(|_| Value::from(text), Value::Real);
    let value = |output: &super::super::Output| match output.kind {
        Kind::Text | Kind::Blob => cell(output.position).map_or(Value::Null, Value::from),
        Kind::Json => cell(output.position).map_or(Value::Null, number),
        Kind::Bool => cell(output.position).map_or(Value::Null, |text| Value::Real(f64::from(u8::from(text == "t")))),
        Kind::Int | Kind::Number | Kind::Real => cell(output.position).map_or(Value::Null, number),
        Kind::Dynamic => match cell(output.number_position) {
            Some(text) => number(text),
            None => cell(output.position).map_or(Value::Null, Value::from),
        },
    };
    translated.columns.iter().map(value).collect()
}

/// Whether two rows say the same: numbers to the precision that sums keep.
pub(crate) fn alike(left: &[Value], right: &[Value]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(a, b)| match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
            _ => a == b,
        })
}
