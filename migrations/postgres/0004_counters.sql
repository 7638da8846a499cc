-- How often something was done in the present window of time. Without a log: what a crash takes begins anew.
CREATE UNLOGGED TABLE _counters (
    key text COLLATE "C" PRIMARY KEY,
    count bigint NOT NULL,
    ends timestamptz NOT NULL
);
