-- Work that is done outside of requests. A finished job is deleted; one that failed for good stays for people to look at.

CREATE TABLE _jobs (
    id           text COLLATE "C" PRIMARY KEY,    -- sorts by time
    name         text COLLATE "C" NOT NULL,       -- who does the work
    payload      text COLLATE "C" NOT NULL,       -- JSON
    priority     bigint NOT NULL,                 -- 0 low, 1 normal, 2 high
    state        bigint NOT NULL DEFAULT 0,       -- 0 waiting, 1 running, 2 dead
    due          bigint NOT NULL,                 -- Unix milliseconds: when it may be taken; running, when its lease ends; dead, since when
    attempt      bigint NOT NULL DEFAULT 0,       -- how often it was taken: the fencing token of its lease
    max_attempts bigint NOT NULL,
    unique_key   text COLLATE "C",                -- one job of a key lives at a time
    error        text COLLATE "C" NOT NULL DEFAULT '', -- why the last attempt failed
    created      bigint NOT NULL                  -- Unix milliseconds
);
CREATE INDEX _jobs_due ON _jobs (priority, due) WHERE state < 2;
CREATE INDEX _jobs_dead ON _jobs (due) WHERE state = 2;
CREATE UNIQUE INDEX _jobs_unique_key ON _jobs (unique_key) WHERE unique_key IS NOT NULL AND state < 2;

-- Which slot of which schedule was taken: of many servers, the one that writes the row runs it.
CREATE TABLE _job_runs (
    cron text COLLATE "C" NOT NULL,
    slot bigint NOT NULL,                         -- Unix milliseconds
    PRIMARY KEY (cron, slot)
);
