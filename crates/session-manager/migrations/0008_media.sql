-- Files of messages that came in. What is in them lies in DATA_DIR/files/inbound,
-- under `file_id`.
CREATE TABLE media (
    -- What tells the message from all others.
    message_key TEXT    PRIMARY KEY,
    -- WhatsApp's whole id.
    message_id  TEXT    NOT NULL,
    -- WhatsApp's type of the message, and its sender's word for the rest.
    kind        TEXT    NOT NULL,
    told_size   INTEGER,
    told_mime   TEXT    NOT NULL,
    filename    TEXT,
    -- `remote`: not fetched yet; `stored`; `gone`: WhatsApp has it no more;
    -- `dropped`: was here, and may be fetched again.
    state       TEXT    NOT NULL CHECK (state IN ('remote', 'stored', 'gone', 'dropped')),
    -- While it is stored.
    file_id     TEXT,
    size        INTEGER,
    mime        TEXT,
    sha256      BLOB,
    -- Milliseconds since 1970: when the message was told, the file stored.
    at          INTEGER NOT NULL,
    stored_at   INTEGER,
    -- How often it was fetched in vain, and when last.
    tries       INTEGER NOT NULL DEFAULT 0,
    tried_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX media_to_fetch ON media (at) WHERE state = 'remote';
CREATE INDEX media_stored ON media (stored_at) WHERE state = 'stored';
