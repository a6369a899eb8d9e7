-- Reactions of the account itself are changes too, of messages of either direction.
CREATE TABLE message_changes_with_reactions (
    id              INTEGER PRIMARY KEY,
    kind            TEXT    NOT NULL CHECK (kind IN ('edit', 'delete', 'reaction')),
    -- WhatsApp's id of the message: its last part, and the whole of it.
    message_key     TEXT    NOT NULL,
    message_id      TEXT    NOT NULL,
    -- When the message was sent, in seconds since 1970; 0: not known.
    sent_at         INTEGER NOT NULL,
    -- The last part of WhatsApp's id of the edit, fixed before the attempt.
    wa_key          TEXT    NOT NULL UNIQUE,
    idempotency_key TEXT    UNIQUE,
    body_hash       BLOB    NOT NULL,
    -- Of an edit or a reaction, only while it may have to be sent again. Of a
    -- reaction: the emoji, or nothing where it is taken away.
    text            TEXT,
    state           TEXT    NOT NULL CHECK (state IN ('sending', 'unconfirmed', 'done', 'failed')),
    error           TEXT,
    -- How often it was tried again, and when last.
    tries           INTEGER NOT NULL DEFAULT 0,
    -- Milliseconds since 1970.
    tried_at        INTEGER,
    undecided_at    INTEGER,
    attempted_at    INTEGER NOT NULL,
    settled_at      INTEGER
) STRICT;

INSERT INTO message_changes_with_reactions SELECT * FROM message_changes;
DROP TABLE message_changes;
ALTER TABLE message_changes_with_reactions RENAME TO message_changes;

CREATE INDEX message_changes_of_message ON message_changes (message_key, attempted_at);
CREATE INDEX message_changes_unsettled ON message_changes (id) WHERE state IN ('sending', 'unconfirmed');
CREATE INDEX message_changes_by_age ON message_changes (attempted_at);
