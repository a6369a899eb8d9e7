-- What was asked to be sent, and what became of it.
CREATE TABLE sends (
    id              INTEGER PRIMARY KEY,
    -- The last part of WhatsApp's id of the message, fixed before the attempt.
    wa_key          TEXT    NOT NULL UNIQUE,
    idempotency_key TEXT    UNIQUE,
    body_hash       BLOB    NOT NULL,
    recipient       TEXT    NOT NULL,
    -- Only while it may have to be sent again.
    text            TEXT,
    -- WhatsApp's whole id, once it is known.
    message_id      TEXT,
    state           TEXT    NOT NULL CHECK (state IN
        ('accepted', 'sending', 'unconfirmed', 'failed', 'sent', 'delivered', 'read', 'played')),
    error           TEXT,
    -- Milliseconds since 1970.
    created_at      INTEGER NOT NULL,
    attempted_at    INTEGER,
    unconfirmed_at  INTEGER,
    failed_at       INTEGER,
    sent_at         INTEGER,
    delivered_at    INTEGER,
    read_at         INTEGER,
    played_at       INTEGER
) STRICT;

CREATE INDEX sends_unsettled ON sends (recipient) WHERE state IN ('sending', 'unconfirmed');
CREATE INDEX sends_by_age ON sends (created_at);
