-- What a person has to know of, while it holds. Times are milliseconds since 1970.
CREATE TABLE alerts (
    -- The code, and of what where there may be several: 'DEAD_LETTERS/3'.
    key         TEXT NOT NULL PRIMARY KEY,
    code        TEXT NOT NULL,
    -- The condition, as JSON.
    detail      TEXT NOT NULL,
    -- What makes it worth telling anew when it changes, such as the session's cause.
    reason      TEXT NOT NULL,
    since       {int} NOT NULL,
    -- When a hub saw it last.
    seen_at     {int} NOT NULL,
    -- When people were told last, and with which reason.
    told_at     {int},
    told_reason TEXT
){strict};

-- What people are told, written together with the alert that it is about.
CREATE TABLE alert_notices (
    id         {id},
    -- How: 'email', 'webhook'.
    way        TEXT NOT NULL,
    -- The same for every way and with every attempt.
    event_id   TEXT NOT NULL,
    -- 'raised', 'repeated', 'cleared', 'digest'
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    code       TEXT NOT NULL,
    severity   TEXT NOT NULL,
    title      TEXT NOT NULL,
    text       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'dead')),
    attempts   {int} NOT NULL DEFAULT 0,
    -- From when it may be tried; while it is taken, until when.
    due_at     {int} NOT NULL,
    claimed_by TEXT,
    last_error TEXT,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL
){strict};

CREATE INDEX alert_notices_due ON alert_notices (due_at, id) WHERE state = 'pending';

-- When services started: restarts are counted, whoever restarted them.
CREATE TABLE service_starts (
    service TEXT NOT NULL,
    at      {int} NOT NULL,
    PRIMARY KEY (service, at)
){strict};
