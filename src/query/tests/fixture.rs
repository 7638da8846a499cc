//! Collections, rows and an engine for the tests of the language.

use std::cell::RefCell;
use std::sync::Arc;

use rusqlite::Connection;

use crate::query::{Filter, Query, Request, Sort, Trust};
use crate::schema::{Collection, CollectionKind, Field, FieldKind, Record, Rules, Schema};
use crate::store::{Statement, Table, Value};

pub struct Fixture {
    pub schema: Schema,
    pub db: Connection,
    /// All that was written and read, for another engine to do the same.
    pub log: RefCell<Vec<Logged>>,
}

pub struct Logged {
    pub statement: Statement,
    /// What was read; `None` for a statement that wrote.
    pub rows: Option<Vec<Vec<Value>>>,
}

/// A collection with an `id` and these fields, given as `(name, JSON of the kind)`.
pub fn collection(name: &str, rules: Rules, fields: &[(&str, serde_json::Value)]) -> Arc<Collection> {
    let mut all = vec![field("id", serde_json::json!({ "type": "text", "primaryKey": true }))];
    all.extend(fields.iter().map(|(name, json)| field(name, json.clone())));
    let columns = all.iter().map(|field| field.name.clone()).collect();
    Arc::new(Collection {
        id: format!("pbc_{name}"),
        name: name.to_owned(),
        system: false,
        kind: CollectionKind::Base,
        fields: all,
        indexes: Vec::new(),
        rules,
        created: String::new(),
        updated: String::new(),
        table: Arc::new(Table { number: 1, name: name.to_owned(), columns, id_column: 0 }),
    })
}

fn field(name: &str, mut json: serde_json::Value) -> Field {
    json["name"] = name.into();
    serde_json::from_value(json).expect("a field")
}

impl Fixture {
    pub fn new(collections: Vec<Arc<Collection>>) -> Self {
        let db = Connection::open_in_memory().expect("a database");
        let mut log = Vec::new();
        for collection in &collections {
            let columns =
                collection.fields.iter().map(|field| format!("\"{}\" {}", field.name, field.column_definition()));
            let columns: Vec<String> = columns.collect();
            let sql =
                format!("CREATE TABLE \"{}\" ({}, \"@rev\" INTEGER DEFAULT 0)", collection.name, columns.join(", "));
            db.execute_batch(&sql).expect("a table");
            log.push(Logged { statement: Statement::new(sql, Vec::new()), rows: None });
        }
        Self { schema: Schema::new(1, collections), db, log: RefCell::new(log) }
    }

    /// Stores a row given as JSON; returns it as a record.
    pub fn insert(&self, name: &str, json: serde_json::Value) -> Record {
        let collection = self.schema.by_name(name).expect("a collection").clone();
        let value = |field: &Field| json.get(&field.name).map_or_else(|| field.zero(), |json| field.prepare(json));
        let values: Vec<Value> = collection.fields.iter().map(value).collect();
        let marks: Vec<String> = (1..=values.len()).map(|number| format!("?{number}")).collect();
        let names: Vec<String> = collection.fields.iter().map(|field| format!("\"{}\"", field.name)).collect();
        let sql = format!("INSERT INTO \"{name}\" ({}) VALUES ({})", names.join(", "), marks.join(", "));
        self.db.execute(&sql, rusqlite::params_from_iter(values.iter().map(sql_value))).expect("an insert");
        self.log.borrow_mut().push(Logged { statement: Statement::new(sql, values), rows: None });
        // As a reader gives it: affinities applied.
        let row = self.run(&Statement::new(
            format!("SELECT {} FROM \"{name}\" ORDER BY rowid DESC LIMIT 1", names.join(", ")),
            Vec::new(),
        ));
        Record { collection, rev: 0, values: row.into_iter().next().expect("the row") }
    }

    /// The ids that a filter lets through, in order.
    pub fn ids(
        &self,
        name: &str,
        filter: &str,
        sort: &str,
        request: &Request,
        trust: Trust,
    ) -> Result<Vec<String>, String> {
        let statement = self.statement(name, filter, sort, request, trust)?;
        Ok(self.run(&statement).iter().map(|row| row[0].as_str().to_owned()).collect())
    }

    /// How many rows a filter lets through.
    pub fn count(&self, name: &str, filter: &str, request: &Request, trust: Trust) -> Result<i64, String> {
        let statement = self.query(name, filter, "", request, trust)?.count();
        Ok(self.run(&statement)[0][0].as_i64().unwrap_or(-1))
    }

    pub fn statement(
        &self,
        name: &str,
        filter: &str,
        sort: &str,
        request: &Request,
        trust: Trust,
    ) -> Result<Statement, String> {
        Ok(self.query(name, filter, sort, request, trust)?.select(1000, 0))
    }

    fn query<'a>(
        &'a self,
        name: &str,
        filter: &str,
        sort: &str,
        request: &'a Request,
        trust: Trust,
    ) -> Result<Query<'a>, String> {
        let collection = self.schema.by_name(name).expect("a collection");
        let text = |error: crate::query::QueryError| error.to_string();
        let mut query = Query::new(&self.schema, collection, request);
        if let Some(filter) = Filter::parse(filter).map_err(text)? {
            query.filter(&filter, trust).map_err(text)?;
        }
        query.sort(&Sort::parse(sort).map_err(text)?, trust).map_err(text)?;
        Ok(query)
    }

    pub fn run(&self, statement: &Statement) -> Vec<Vec<Value>> {
        let mut prepared = self.db.prepare(&statement.sql).unwrap_or_else(|error| panic!("{error}: {}", statement.sql));
        let columns = prepared.column_count();
        let rows = prepared
            .query_map(rusqlite::params_from_iter(statement.params.iter().map(sql_value)), |row| {
                (0..columns)
                    .map(|index| row.get::<_, rusqlite::types::Value>(index).map(from_sql))
                    .collect::<Result<Vec<_>, _>>()
            })
            .expect("a query");
        let rows: Vec<Vec<Value>> = rows.collect::<Result<_, _>>().expect("rows");
        self.log.borrow_mut().push(Logged { statement: statement.clone(), rows: Some(rows.clone()) });
        rows
    }
}

fn sql_value(value: &Value) -> rusqlite::types::Value {
    use rusqlite::types::Value as Sql;
    match value {
        Value::Null => Sql::Null,
        Value::Bool(flag) => Sql::Integer(i64::from(*flag)),
        Value::Int(number) => Sql::Integer(*number),
        Value::Real(number) => Sql::Real(*number),
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Blob(bytes) => Sql::Blob(bytes.clone()),
    }
}

fn from_sql(value: rusqlite::types::Value) -> Value {
    use rusqlite::types::Value as Sql;
    match value {
        Sql::Null => Value::Null,
        Sql::Integer(number) => Value::Int(number),
        Sql::Real(number) => Value::Real(number),
        Sql::Text(text) => Value::Text(text),
        Sql::Blob(bytes) => Value::Blob(bytes),
    }
}

/// Kinds of fields, short.
pub fn text() -> serde_json::Value {
    serde_json::json!({ "type": "text" })
}

pub fn kind(name: &str) -> serde_json::Value {
    serde_json::json!({ "type": name })
}

pub fn select(max: i64) -> serde_json::Value {
    serde_json::json!({ "type": "select", "values": ["a", "b", "c"], "maxSelect": max })
}

pub fn relation(target: &str, max: i64) -> serde_json::Value {
    serde_json::json!({ "type": "relation", "collectionId": format!("pbc_{target}"), "maxSelect": max })
}

pub fn open_rules() -> Rules {
    let open = Some(String::new());
    Rules { list: open.clone(), view: open.clone(), create: open.clone(), update: open.clone(), delete: open }
}

/// A caller of the `users` collection.
pub fn caller(fixture: &Fixture, json: serde_json::Value) -> Request {
    let record = fixture.insert("users", json);
    let caller = crate::query::Caller::Record(Arc::new(record));
    Request { caller, ..Request::default() }
}

pub fn kind_is_list(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Select(_) | FieldKind::Relation(_) | FieldKind::File(_)) && field.is_multi()
}
