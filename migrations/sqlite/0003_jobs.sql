-- Work that is done outside of requests. A finished job is deleted; one that failed for good stays for people to look at.

CREATE TABLE _jobs (
    id           TEXT PRIMARY KEY NOT NULL,       -- sorts by time
    name         TEXT NOT NULL,                   -- who does the work
    payload      TEXT NOT NULL,                   -- JSON
    priority     INTEGER NOT NULL,                -- 0 low, 1 normal, 2 high
    state        INTEGER NOT NULL DEFAULT 0,      -- 0 waiting, 1 running, 2 dead
    due          INTEGER NOT NULL,                -- Unix milliseconds: when it may be taken; running, when its lease ends; dead, since when
    attempt      INTEGER NOT NULL DEFAULT 0,      -- how often it was taken: the fencing token of its lease
    max_attempts INTEGER NOT NULL,
    unique_key   TEXT,                            -- one job of a key lives at a time
    error        TEXT NOT NULL DEFAULT '',        -- why the last attempt failed
    created      INTEGER NOT NULL                 -- Unix milliseconds
) WITHOUT ROWID;
CREATE INDEX _jobs_due ON _jobs (priority, due) WHERE state < 2;
CREATE INDEX _jobs_dead ON _jobs (due) WHERE state = 2;
CREATE UNIQUE INDEX _jobs_unique_key ON _jobs (unique_key) WHERE unique_key IS NOT NULL AND state < 2;

-- Which slot of which schedule was taken: of many servers, the one that writes the row runs it.
CREATE TABLE _job_runs (
    cron TEXT NOT NULL,
    slot INTEGER NOT NULL,                        -- Unix milliseconds
    PRIMARY KEY (cron, slot)
) WITHOUT ROWID;
