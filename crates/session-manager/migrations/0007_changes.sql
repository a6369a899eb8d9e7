-- Events of further kinds: what became of a message, and missed calls. SQLite has
-- no other way to take a CHECK away.
CREATE TABLE events_of_any_kind (
    -- As listeners see it: grows, also across restarts.
    id          INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL,
    -- What tells it from all others, so that it is told once.
    message_key TEXT    UNIQUE,
    -- JSON.
    data        TEXT    NOT NULL
) STRICT;
INSERT INTO events_of_any_kind SELECT id, kind, message_key, data FROM events;
DROP TABLE events;
ALTER TABLE events_of_any_kind RENAME TO events;
