//! Queries as people write them for views.

use rusqlite::Connection;

use super::{Case, Server, alike};
use crate::store::Value;

const TABLES: &[&str] = &[
    "CREATE TABLE authors (id TEXT PRIMARY KEY NOT NULL, name TEXT DEFAULT '' NOT NULL, age NUMERIC DEFAULT 0 NOT NULL, \"@rev\" INTEGER DEFAULT 0 NOT NULL)",
    "CREATE TABLE posts (id TEXT PRIMARY KEY NOT NULL, title TEXT DEFAULT '' NOT NULL, n NUMERIC DEFAULT 0 NOT NULL, live BOOLEAN DEFAULT FALSE NOT NULL, author TEXT DEFAULT '' NOT NULL, tags JSON DEFAULT '[]' NOT NULL, meta JSON DEFAULT NULL, created TEXT DEFAULT '' NOT NULL, \"@rev\" INTEGER DEFAULT 0 NOT NULL)",
];

const ROWS: &[&str] = &[
    "INSERT INTO authors (id, name, age) VALUES ('ada', 'Ada', 36), ('bob', 'bob', 7.5), ('eve', 'ÉVE', 0), ('dan', '', 36)",
    "INSERT INTO posts (id, title, n, live, author, tags, meta, created) VALUES
        ('p1', 'One', 5, TRUE, 'ada', '[\"a\",\"b\"]', '{\"k\":5,\"t\":\"x\"}', '2024-01-31 10:00:00.123Z'),
        ('p2', 'two', 10, FALSE, 'ada', '[]', '{\"k\":\"5\"}', '2024-02-29 23:59:59.999Z'),
        ('p3', '5', -1.5, TRUE, 'bob', '[\"b\"]', NULL, ''),
        ('p4', '', 0, FALSE, 'nobody', '[\"a\"]', '5', '2023-12-31 00:00:00.000Z'),
        ('p5', 'É_x%', 5, TRUE, 'eve', '[\"c\",\"a\"]', '\"text\"', '2024-02-01 12:00:00.000Z'),
        ('p6', '5.0', 2.5, TRUE, '', '[]', '[1,2,{\"a\":null}]', '2024-02-01 12:00:00.000Z')",
];

/// Without an order rows are compared as sets.
const QUERIES: &[&str] = &[
    "SELECT 1",
    "SELECT id, title FROM posts ORDER BY title",
    "SELECT * FROM posts",
    "SELECT P.ID, p.Title AS name, upper(title) AS loud, lower(title), length(title) FROM Posts p ORDER BY 1 DESC",
    "SELECT [id], `title`, \"n\" FROM [posts] WHERE \"title\" != 'One' AND 'x' = \"x\"",
    "SELECT p.id, a.name, coalesce(a.age, '') AS age FROM posts p LEFT JOIN authors a ON a.id = p.author ORDER BY p.id",
    "SELECT a.id, count(p.id) AS posts, max(p.n) AS most, p.title FROM authors a LEFT JOIN posts p ON p.author = a.id GROUP BY a.id ORDER BY a.id",
    "SELECT a.id, a.name, count(*) AS c, sum(p.n), total(p.n), avg(p.n), min(p.title) FROM authors a JOIN posts p ON p.author = a.id GROUP BY a.id HAVING count(*) > 0",
    "SELECT author AS id, COUNT(*) c FROM posts GROUP BY 1 HAVING c >= 1 ORDER BY c DESC, id",
    "SELECT max(n) AS id, title FROM posts",
    "SELECT min(created), id FROM posts WHERE created != ''",
    "SELECT count(*) AS id FROM posts WHERE n / 2 > 1",
    "SELECT id, n / 2, n % 3, n * 2, n - 0.5, 7 / 2, 7 / 2.0, -7 / 2, 7 % -3, 1 / 0, n + title FROM posts",
    "SELECT id, title || '-' || n || '-' || live, n || '' FROM posts",
    "SELECT id FROM posts WHERE live",
    "SELECT id FROM posts WHERE NOT live AND title",
    "SELECT id FROM posts WHERE live = 1 AND n > '4'",
    "SELECT id FROM posts WHERE title > 5",
    "SELECT id FROM posts WHERE title = 5 OR title = 5.0",
    "SELECT id, title IS NOT '' AS filled, title IS NULL, meta IS NOT NULL, n IS 5 FROM posts",
    "SELECT id, CASE WHEN n > 4 THEN 'big' WHEN n < 0 THEN n END AS size, CASE n WHEN 5 THEN 'five' ELSE 'other' END FROM posts",
    "SELECT id, CAST(n AS TEXT), CAST(n AS INTEGER), CAST(title AS REAL), CAST(title AS INT), CAST(n AS BOOLEAN) FROM posts",
    "SELECT id, json_extract(meta, '$.k') AS k, json_extract(meta, '$.t'), json_type(meta), json_array_length(tags), meta ->> 'k' FROM posts",
    "SELECT id FROM posts WHERE json_extract(meta, '$.k') = 5",
    "SELECT id FROM posts WHERE json_extract(meta, '$.k') = '5' OR meta = 5 OR meta = '\"text\"'",
    "SELECT id, json_extract(meta, '$.k') k FROM posts ORDER BY k DESC, id",
    "SELECT p.id, j.value AS tag FROM posts p, json_each(p.tags) j ORDER BY p.id, tag",
    "SELECT p.id, t.value FROM posts p LEFT JOIN json_each(p.tags) t ORDER BY p.id, 2",
    "SELECT j.value AS id, count(*) c FROM posts p JOIN json_each(p.tags) j GROUP BY j.value ORDER BY c DESC, 1",
    "SELECT id FROM posts WHERE 'a' IN (SELECT value FROM json_each(posts.tags))",
    "SELECT id FROM posts WHERE author IN (SELECT id FROM authors WHERE age > 10) AND id NOT IN ('p1')",
    "SELECT id FROM posts WHERE title IN ('One', 5, 'two') OR n IN (0, '2.5')",
    "SELECT id FROM posts WHERE n NOT BETWEEN 0 AND 5",
    "SELECT id FROM posts WHERE title LIKE '%O%' OR title LIKE 'é%' OR title LIKE '%\\%' ESCAPE '\\' OR title LIKE '%\\_%'",
    "SELECT id FROM posts WHERE title GLOB '[A-Z]*'",
    "SELECT id FROM posts WHERE n LIKE '%5'",
    "SELECT id, (SELECT name FROM authors a WHERE a.id = posts.author) AS author FROM posts",
    "SELECT id, (SELECT count(*) FROM posts q WHERE q.author = a.id) c FROM authors a WHERE EXISTS (SELECT 1 FROM posts WHERE author = a.id)",
    "SELECT id FROM posts UNION SELECT id FROM authors ORDER BY id DESC",
    "SELECT title AS x FROM posts UNION ALL SELECT age FROM authors ORDER BY x",
    "SELECT title FROM posts INTERSECT SELECT title FROM posts WHERE n > 0",
    "SELECT author FROM posts EXCEPT SELECT id FROM authors",
    "SELECT DISTINCT author, live FROM posts ORDER BY author DESC, live",
    "SELECT DISTINCT n > 3 AS large FROM posts",
    "SELECT count(DISTINCT author), count(DISTINCT n), count(DISTINCT json_extract(meta, '$.k')), count(meta) FROM posts",
    "WITH big AS (SELECT id, n FROM posts WHERE n >= 5) SELECT b.id, b.n * 10 AS x FROM big b JOIN posts USING (id)",
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 5) SELECT x AS id FROM c",
    "WITH t(a, b) AS (VALUES (1, 'x'), (2, 'y')) SELECT a, b FROM t ORDER BY a DESC",
    "SELECT id, row_number() OVER (PARTITION BY author ORDER BY n DESC, id) AS rank, sum(n) OVER (PARTITION BY author), lag(title) OVER (ORDER BY id) FROM posts",
    "SELECT id, rank() OVER (ORDER BY n), count(*) OVER () FROM posts",
    "SELECT id, sum(n) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM posts",
    "SELECT strftime('%Y-%m', created) AS month, count(*) AS n FROM posts GROUP BY month ORDER BY month",
    "SELECT id, date(created), datetime(created, '+1 month'), strftime('%s', created), julianday(created) FROM posts",
    "SELECT id, substr(title, 2), substr(title, -2, 1), trim('  x '), replace(title, 'o', '0'), instr(title, 'w'), hex(title), typeof(n), typeof(meta), typeof(title) FROM posts",
    "SELECT id, round(n), round(n / 3.0, 2), abs(n), max(n, 3), min(n, 3, 7), nullif(n, 5), nullif(title, ''), ifnull(meta, 'none'), iif(live, 'yes', 'no') FROM posts",
    "SELECT group_concat(id) FROM (SELECT id FROM posts ORDER BY id)",
    "SELECT author, group_concat(title, '|') FROM posts GROUP BY author HAVING count(*) = 1",
    "SELECT json_group_array(id) FROM (SELECT id FROM posts ORDER BY id)",
    "SELECT id, json_object('t', title, 'n', n, 'tags', json(tags)), json_array(title, n, NULL, live) FROM posts",
    "SELECT min(meta), max(meta), min(live), max(title) FROM posts",
    "SELECT id, title = '' OR NULL, NULL AND 0, NOT NULL, n <> NULL FROM posts",
    "SELECT id FROM posts ORDER BY title COLLATE NOCASE, id LIMIT 3 OFFSET 1",
    "SELECT id FROM posts WHERE title = 'TWO' COLLATE NOCASE",
    "SELECT id FROM posts LIMIT -1",
    "SELECT p.id, q.id AS other FROM posts p CROSS JOIN posts q WHERE p.n = q.n AND p.id < q.id",
    "SELECT a.id, p.id FROM posts p RIGHT JOIN authors a ON a.id = p.author AND p.live",
    "SELECT x.id, x.c FROM (SELECT author AS id, count(*) AS c FROM posts GROUP BY author) x WHERE x.c > 1",
    "SELECT (SELECT max(n) FROM posts) AS id, 'a, from' t",
    "SELECT id, printf('%02d|%s|%.2f', n, title, n) FROM posts WHERE n >= 0",
    "SELECT id, 0x10, 1e3, .5, X'61', 'it''s', -9223372036854775808 FROM posts WHERE id = 'p1'",
    "SELECT id, +title = 5, +n = '5', CAST('5' AS TEXT) = 5, (SELECT n) = '5' FROM posts",
    "SELECT id FROM posts WHERE rowid > 2 ORDER BY rowid DESC",
    "SELECT sum(live), avg(live), sum(title), sum(n) FILTER (WHERE live) FROM posts",
    "SELECT sum(n), max(n), count(*) FROM posts WHERE 0",
    "SELECT id, 5 IN (5.0, 'x'), '5' IN (5), title IN (SELECT n FROM posts), n IN (SELECT title FROM posts) FROM posts",
    "SELECT id, COALESCE(n, '') = COALESCE(title, ''), COALESCE(meta, '') = '' FROM posts",
    "SELECT n, count(*) FROM posts GROUP BY n > 2, n ORDER BY n",
    "SELECT author, n FROM posts GROUP BY author HAVING max(n) > 5",
    "SELECT id, title FROM posts p WHERE n = (SELECT max(n) FROM posts WHERE author = p.author) ORDER BY id",
    "SELECT (ROW_NUMBER() OVER ()) AS id, author FROM (SELECT DISTINCT author FROM posts ORDER BY author)",
    "SELECT a.id, IFNULL(SUM(p.n), 0) AS total, ROUND(AVG(p.n), 2) AS mean, SUM(CASE WHEN p.live THEN 1 ELSE 0 END) AS live FROM authors AS a LEFT OUTER JOIN posts AS p ON p.author = a.id GROUP BY a.id, a.name",
    "SELECT a.id, count(DISTINCT CASE WHEN p.n > 0 THEN p.title END) FROM authors a, posts p WHERE a.id = p.author GROUP BY a.id",
    "SELECT id, julianday('2024-03-01') - julianday(created) AS days, CAST(strftime('%s', created) AS INT) AS unix FROM posts WHERE created BETWEEN date('2024-01-01') AND datetime('2024-12-31')",
    "SELECT author, group_concat(DISTINCT live) FROM posts GROUP BY author HAVING count(DISTINCT live) = 1",
    "SELECT p.id || '_' || a.id AS id, p.*, a.name FROM posts p, authors a WHERE p.title LIKE '%' || a.name || '%'",
    "SELECT id, 'post' AS type, created FROM posts UNION ALL SELECT id, 'author', NULL FROM authors ORDER BY type DESC, id LIMIT 4 OFFSET 1",
    "SELECT author AS id, count(*) AS c FROM posts GROUP BY author ORDER BY COUNT(*) DESC, author LIMIT 2, 2",
    "SELECT * FROM (SELECT id, author, ROW_NUMBER() OVER (PARTITION BY author ORDER BY created DESC) AS rn FROM posts) WHERE rn = 1",
    "SELECT author, count(*), sum(count(*)) OVER () AS whole, rank() OVER (ORDER BY sum(n) DESC) AS place FROM posts GROUP BY author",
    "SELECT coalesce(max(n), 0) + 1 AS id, count(*) FILTER (WHERE live) FROM posts",
    "SELECT id, (SELECT title FROM posts p WHERE p.author = a.id ORDER BY n DESC LIMIT 1) AS best, (SELECT GROUP_CONCAT(n) FROM posts p WHERE p.author = a.id AND n > 9) FROM authors a ORDER BY a.id",
    "SELECT a.id, x.c FROM authors a LEFT JOIN (SELECT author, count(*) AS c FROM posts GROUP BY author) x ON x.author = a.id WHERE ifnull(x.c, 0) < 2",
    "SELECT id, live = TRUE, live IS TRUE, live IS NOT FALSE, meta IS NOT TRUE, live = 'true', NOT title IS NULL, title NOT NULL, title ISNULL FROM posts",
    "SELECT '5' + 3, -'3x', 'a' < 5, 5 < 'a', NULL || 'x', 3 % 0, '7' % 4, 1 + TRUE, 2 * '1e1', ~5, 6 & 3, 6 | 3, 1 << 4, -1 >> 1",
    "SELECT CAST('12.7abc' AS INTEGER), CAST('12.7abc' AS REAL), CAST('' AS NUMERIC), CAST(3.7 AS INT), CAST(-3.7 AS INT), CAST(5 AS DECIMAL(10,2)), CAST(1e20 AS TEXT), CAST(0.1 + 0.2 AS TEXT), CAST(NULL AS TEXT)",
    "SELECT round(2.5), round(-2.5), round(1.005, 2), round(5), round('3.14159', 3), abs(-3), abs('-3.5'), sign(-2), max(1, 2.5, 0), min('b', 'a')",
    "SELECT NOT 5, NOT 0, NOT 'abc', NOT '1', NULL IS NULL, 1 IS 1.0, 'a' IS 'a', NULL IS NOT 5, 1 = 1.0, '1' = 1, 1 BETWEEN 0 AND NULL",
    "SELECT id, n FROM posts WHERE n IN (1, 5, '10') AND author NOT IN (SELECT id FROM authors WHERE name = '') ORDER BY n DESC, id DESC",
    "SELECT live, live IN (SELECT live FROM posts WHERE n > 5), NULL IN (1), 1 IN (NULL, 1), 2 IN (NULL, 1), 1 IN () FROM posts",
    "SELECT (SELECT json_extract(meta, '$.k') FROM posts WHERE id = 'p2') AS a, (SELECT json_extract(meta, '$.k') FROM posts WHERE id = 'p1') AS b, (SELECT meta FROM posts WHERE id = 'zz') AS c",
    "WITH RECURSIVE tree(id, depth, path) AS (SELECT id, 0, id FROM authors WHERE id = 'ada' UNION ALL SELECT p.id, depth + 1, path || '/' || p.id FROM posts p JOIN tree t ON p.author = t.id) SELECT * FROM tree",
    "WITH a AS (SELECT id FROM authors), b AS (SELECT id FROM a WHERE id > 'b') SELECT count(*) AS id FROM b",
    "SELECT * FROM authors NATURAL JOIN (SELECT id, 1 AS one FROM authors WHERE age > 7)",
    "SELECT id, a.name, b.age FROM authors a LEFT JOIN (SELECT id, age FROM authors WHERE age > 7) b USING (id)",
    "VALUES (1, 'a'), (2, 'b')",
    "SELECT strftime('%Y', created) y, count(*) FROM posts WHERE created <> '' GROUP BY strftime('%Y', created) ORDER BY y",
    "SELECT upper(author) AS up, count(*) FROM posts GROUP BY up HAVING up <> '' ORDER BY 1",
    "SELECT id, lower(title) t FROM posts WHERE t LIKE 'o%'",
    "SELECT title FROM posts ORDER BY length(title), title DESC",
    "SELECT DISTINCT title COLLATE NOCASE AS t FROM posts ORDER BY t",
    "SELECT p.id, j.value, json_extract(p.meta, '$.k') = j.value FROM posts p LEFT JOIN json_each(p.meta) j WHERE p.meta IS NOT NULL",
    "SELECT p.id, (SELECT count(*) FROM json_each(p.tags)) AS c FROM posts p WHERE EXISTS (SELECT 1 FROM json_each(p.tags) WHERE value = 'a')",
    "SELECT p.id, json_each.value FROM posts p, json_each(p.tags) WHERE json_each.value <> 'b'",
    "SELECT p.id, v.value FROM posts p, json_each(p.meta, '$[2]') v WHERE p.id = 'p6'",
    "SELECT id, tags -> -1, tags ->> '[0]', meta -> 2, meta ->> id, '{\"a\": [1, 2], \"\\\"\": 3}' -> 'a', '{\"a\": [1, 2]}' ->> 'b' FROM posts",
    "SELECT id, sum(n) OVER (ORDER BY id), avg(n * 0.1) OVER (PARTITION BY live), printf('%.2f|%.0f', n / 3.0, n) FROM posts",
    "SELECT sum(n * 0.1), total(n / 3.0), avg(n * 0.1), total(n), sum(n) FROM posts WHERE n > 100 OR live",
    "SELECT id, strftime('%Y-%m-%d', created, '-6 days', 'weekday 1'), date(created, '+1 month'), julianday(created), unixepoch(created), strftime('%s', created) FROM posts",
    "SELECT id, title GLOB '*[0-9]*', title LIKE '%\\_%' ESCAPE '\\', hex(title), instr(title, 'n'), substr(title, -2), round(n / 3.0, 2) FROM posts",
    "SELECT id, quote(title), quote(n), quote(n / 3.0), quote(live), quote(meta), quote(NULL), quote(json_extract(meta, '$.k')), json('[ 1, \"a b\" ]'), json('\"x\"'), json(tags) FROM posts",
    "SELECT id, meta -> 'k', meta ->> '$.t', tags ->> 0, json_type(tags, '$[0]'), json_valid(title), json_quote(title), json_array_length(meta) FROM posts",
    "SELECT json_group_object(id, n) FROM (SELECT id, n FROM posts WHERE id < 'p3' ORDER BY id)",
    "SELECT a.name AS 'Author', \"a\".id FROM authors AS 'a'",
    "SELECT id FROM posts WHERE title = \"One\" OR 'lit' = \"nope\"",
    "SELECT sum(n) / count(*), avg(n), sum(n) * 1.0 / count(*), max(n) - min(n), total(n) / 2, count(*) / 4 FROM posts",
    "SELECT max(title), max(n, 3) FROM posts GROUP BY live ORDER BY live",
    "SELECT live, min(n), title, id FROM posts GROUP BY live",
    "SELECT id, ntile(2) OVER (ORDER BY id), first_value(title) OVER (PARTITION BY live ORDER BY id), last_value(n) OVER (ORDER BY id RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), lead(n, 2) OVER (ORDER BY id), dense_rank() OVER (ORDER BY n) FROM posts",
    "SELECT id, sum(n) OVER win FROM posts WINDOW win AS (PARTITION BY author)",
    "SELECT hex('é'), char(72, 233), unicode('é'), length('é'), upper('é'), lower('É'), instr('aé', 'é'), substr('aéb', 2, 1), trim('xax', 'x'), ltrim('  a'), replace('aba', 'a', ''), concat('a', NULL, 1), concat_ws('-', 'a', NULL, 'b')",
    "SELECT printf('%d|%05d|%s|%.3f|%%', 42, -42, NULL, 2), format('%s', 1.0)",
    "SELECT date('2024-01-31', '+1 month'), datetime('2024-02-30'), time('12:00'), strftime('%j %W', '2024-12-31'), date('bad'), unixepoch('2024-01-01'), date(2460000.5)",
    "SELECT quote('it''s'), quote(5), quote(NULL)",
    "SELECT x.y FROM (SELECT 1 AS y UNION SELECT 'a' UNION SELECT NULL UNION SELECT 1.0 ORDER BY 1) x",
    "SELECT id, CASE WHEN title = '' THEN NULL ELSE title END AS t, CASE live WHEN 1 THEN n ELSE title END AS mixed FROM posts ORDER BY mixed, id",
    "SELECT CASE live WHEN 1 THEN n ELSE title END AS mixed, count(*) FROM posts GROUP BY mixed ORDER BY mixed DESC",
    "SELECT m FROM (SELECT CASE live WHEN 1 THEN n ELSE title END AS m FROM posts) WHERE m > 3 AND m <> 'two' ORDER BY m",
    "SELECT p.id FROM posts p JOIN posts q ON (p.n = q.n AND p.id <> q.id) OR p.title = q.n ORDER BY p.id, q.id",
    "SELECT p.id FROM (posts p JOIN authors a ON a.id = p.author) LEFT JOIN authors b ON b.age = a.age AND b.id <> a.id ORDER BY 1",
    "SELECT main.posts.id FROM main.posts WHERE main.posts.n > 5",
    "SELECT 1 AS id FROM posts GROUP BY 'x' HAVING 1",
    "SELECT count(*) FROM posts HAVING count(*) > 100",
    "SELECT n * 2 / 4, (n + 1) / 2, n * 2 || '', typeof(n * 2), typeof(sum(n)), sum(n) || '' FROM posts GROUP BY id",
    "SELECT id, sum(n) OVER w2 / 2, count(*) OVER w1 FROM posts WINDOW w1 AS (PARTITION BY live), w2 AS (w1 ORDER BY id)",
    "SELECT id, -n, +n, - -n, -title FROM posts WHERE -n < 0",
    "SELECT id, n = 5.0, n == '5', title == '5.0', n <> 5, n != '', title < n, n < title FROM posts",
];

pub(super) fn on_sqlite(db: &Connection, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, String> {
    use rusqlite::types::Value as Sql;
    let bound = values.iter().map(|value| match value {
        Value::Null => Sql::Null,
        Value::Bool(flag) => Sql::Integer(i64::from(*flag)),
        Value::Int(number) => Sql::Integer(*number),
        Value::Real(number) => Sql::Real(*number),
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Blob(bytes) => Sql::Blob(bytes.clone()),
    });
    let text = |error: rusqlite::Error| error.to_string();
    let mut prepared = db.prepare(sql).map_err(text)?;
    let columns = prepared.column_count();
    let rows = prepared.query_map(rusqlite::params_from_iter(bound), |row| {
        let value = |index| {
            Ok(match row.get::<_, Sql>(index)? {
                Sql::Null => Value::Null,
                Sql::Integer(number) => Value::Int(number),
                Sql::Real(number) => Value::Real(number),
                Sql::Text(text) => Value::Text(text),
                Sql::Blob(bytes) => {
                    Value::Text(format!("\\x{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
                }
            })
        };
        (0..columns).map(value).collect::<rusqlite::Result<Vec<_>>>()
    });
    rows.map_err(text)?.collect::<Result<_, _>>().map_err(text)
}

fn sorted(mut rows: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    let whole = |row: &Vec<Value>| {
        let shown =
            |value: &Value| value.as_f64().map_or_else(|| format!("{value:?}"), |number| format!("{number:.6}"));
        row.iter().map(shown).collect::<Vec<_>>().join("|")
    };
    rows.sort_by_key(whole);
    rows
}

fn filled() -> Option<(Connection, Server)> {
    let mut server = Server::find()?;
    let db = Connection::open_in_memory().expect("a database");
    for sql in TABLES.iter().chain(ROWS) {
        db.execute_batch(sql).expect("a statement");
        server.execute(sql, &[]).expect("a statement");
    }
    Some((db, server))
}

/// Asks both, and tells where the answers differ.
fn compare(db: &Connection, server: &Server, queries: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut asked = Vec::new();
    for sql in queries {
        match server.case(sql, &[]) {
            Ok(case) => asked.push((*sql, case)),
            Err(refused) => wrong.push(format!("{sql}\n  refused: {refused}")),
        }
    }
    let (asked, cases): (Vec<&str>, Vec<Case>) = asked.into_iter().unzip();
    for ((sql, case), answer) in asked.into_iter().zip(&cases).zip(server.answers(&cases)) {
        let (expected, found) = match (on_sqlite(db, sql, &[]), answer) {
            (Ok(expected), Ok(found)) => (expected, found),
            (expected, found) => {
                wrong.push(format!("{sql}\n  {expected:?}\n  {found:?}"));
                continue;
            }
        };
        let ordered = sql.contains("ORDER BY") && !sql.contains("OVER");
        let (expected, found) = if ordered { (expected, found) } else { (sorted(expected), sorted(found)) };
        let same = expected.len() == found.len() && expected.iter().zip(&found).all(|(a, b)| alike(a, b));
        if !same {
            wrong.push(format!("{sql}\n  {}\n  expected {expected:?}\n  found    {found:?}", case.translated.sql));
        }
    }
    wrong
}

#[test]
fn queries_of_people_give_the_same() {
    let Some((db, server)) = filled() else { return };
    let wrong = compare(&db, &server, QUERIES);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), QUERIES.len(), wrong.join("\n\n"));
}

/// What a column of a view is must be known again when the view is read.
#[test]
fn views_of_people_give_the_same() {
    let Some((db, mut server)) = filled() else { return };
    let mut views = Vec::new();
    for (number, query) in QUERIES.iter().enumerate() {
        let columns = db.prepare(query).expect(query);
        let mut names: Vec<String> = columns.column_names().map(|name| name.to_ascii_lowercase()).collect();
        names.sort();
        names.dedup();
        let short = names.iter().all(|name| name.len() < 50);
        if names.len() == columns.column_count() && short && !query.contains("X'61'") {
            views.push((format!("v{number}"), format!("CREATE VIEW v{number} AS SELECT * FROM ({query})")));
        }
    }
    let statements: Vec<&str> = views.iter().map(|(_, sql)| sql.as_str()).collect();
    assert!(statements.len() > 50, "{}", statements.len());
    for sql in &statements {
        db.execute_batch(sql).expect(sql);
    }
    server.execute_all(&statements, &[]).unwrap_or_else(|error| panic!("{error}"));
    let queries: Vec<String> = views.iter().map(|(name, _)| format!("SELECT * FROM {name} AS r")).collect();
    let wrong = compare(&db, &server, &queries.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), queries.len(), wrong.join("\n\n"));
}
