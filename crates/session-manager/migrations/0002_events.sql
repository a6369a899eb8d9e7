-- What GET /events tells and must not lose.
CREATE TABLE events (
    -- As listeners see it: grows, also across restarts.
    id          INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL CHECK (kind IN ('message', 'ack')),
    -- Of a message: what tells it from all others, so that it is told once.
    message_key TEXT    UNIQUE,
    -- JSON.
    data        TEXT    NOT NULL
) STRICT;

CREATE TABLE event_log (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    -- No process gave an id above this one.
    ids_until  INTEGER NOT NULL,
    -- What was told up to here may be gone.
    kept_after INTEGER NOT NULL
) STRICT;

-- How far messages got that the account's owner sent from elsewhere.
CREATE TABLE acks (
    message_id TEXT    PRIMARY KEY,
    ack        INTEGER NOT NULL,
    -- Milliseconds since 1970.
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX acks_by_age ON acks (at);

-- Messages that came in and cannot be read yet.
CREATE TABLE unreadable (
    message_id TEXT    PRIMARY KEY,
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- From where on the page's store is searched for messages not told yet, in
-- WhatsApp's own time: seconds since 1970.
CREATE TABLE accounts (
    account    TEXT    PRIMARY KEY,
    -- Whether it is linked; a new link begins anew.
    linked     INTEGER NOT NULL,
    -- When it was linked: what is older is history.
    since      INTEGER NOT NULL,
    -- All up to here was found.
    seen_until INTEGER NOT NULL
) STRICT;
