-- Writes that were done under an idempotency key, so that a repeat is answered and not done again.

CREATE TABLE _idempotency (
    key     BLOB PRIMARY KEY NOT NULL,            -- digest of the caller, the method, the target and the key
    request BLOB NOT NULL,                        -- digest of the body
    records TEXT NOT NULL,                        -- JSON: [collection, record] of each write, null for a delete
    at_ms   INTEGER NOT NULL                      -- Unix milliseconds
) WITHOUT ROWID;
CREATE INDEX _idempotency_at ON _idempotency (at_ms);
