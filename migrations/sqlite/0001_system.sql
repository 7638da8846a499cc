-- The system tables. A name that starts with an underscore and no collection can take.

CREATE TABLE _collections (
    number     INTEGER PRIMARY KEY AUTOINCREMENT, -- the collection in the feed; never reused
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
    type       TEXT NOT NULL DEFAULT 'base',
    system     INTEGER NOT NULL DEFAULT 0,
    fields     TEXT NOT NULL DEFAULT '[]',        -- JSON
    indexes    TEXT NOT NULL DEFAULT '[]',        -- JSON
    listRule   TEXT,
    viewRule   TEXT,
    createRule TEXT,
    updateRule TEXT,
    deleteRule TEXT,
    options    TEXT NOT NULL DEFAULT '{}',        -- JSON
    created    TEXT NOT NULL DEFAULT '',
    updated    TEXT NOT NULL DEFAULT ''
);

CREATE TABLE _params (
    id      TEXT PRIMARY KEY NOT NULL,
    value   TEXT,                                 -- JSON
    created TEXT NOT NULL DEFAULT '',
    updated TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- The change feed: one row a change, in commit order (op: 1 create, 2 update, 3 delete, 4 reset, 5 schema).
CREATE TABLE _feed (
    rev   INTEGER PRIMARY KEY,                    -- the revision that the row got by this change
    txn   INTEGER NOT NULL,                       -- the first revision of the transaction
    coll  INTEGER NOT NULL,
    rec   TEXT NOT NULL,
    op    INTEGER NOT NULL,
    ts    INTEGER NOT NULL,                       -- Unix milliseconds
    actor TEXT NOT NULL DEFAULT '',
    after BLOB,
    old   BLOB,
    flags INTEGER NOT NULL DEFAULT 0              -- 1: `after` was too large and left out; 2: the same of `old`
);
CREATE INDEX _feed_c ON _feed (coll, rev);

CREATE TABLE _meta (k TEXT PRIMARY KEY NOT NULL, v) WITHOUT ROWID;
INSERT INTO _meta (k, v) VALUES
    ('epoch', lower(hex(randomblob(8)))),         -- another value: the history was rewritten
    ('last_rev', 0),
    ('feed_floor', 0),
    ('schema_version', 1);
