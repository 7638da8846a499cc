-- Writes that were done under an idempotency key, so that a repeat is answered and not done again.

CREATE TABLE _idempotency (
    key     bytea PRIMARY KEY,                    -- digest of the caller, the method, the target and the key
    request bytea NOT NULL,                       -- digest of the body
    records text COLLATE "C" NOT NULL,            -- JSON: [collection, record] of each write, null for a delete
    at_ms   bigint NOT NULL                       -- Unix milliseconds
);
CREATE INDEX _idempotency_at ON _idempotency (at_ms);
