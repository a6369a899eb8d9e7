-- What a message is, of any kind: as JSON, and only while it may have to be
-- sent again. Rows from before have their text in `text`.
ALTER TABLE sends ADD COLUMN kind TEXT NOT NULL DEFAULT 'text';
ALTER TABLE sends ADD COLUMN content TEXT;
-- The file that the content needs.
ALTER TABLE sends ADD COLUMN file_id TEXT;

CREATE INDEX sends_by_file ON sends (file_id) WHERE file_id IS NOT NULL;

-- Files that were uploaded. What is in them lies beside the ledger, under
-- their id.
CREATE TABLE files (
    id         TEXT    PRIMARY KEY,
    sha256     BLOB    NOT NULL,
    size       INTEGER NOT NULL,
    mime       TEXT    NOT NULL,
    -- The name that the recipient sees, where one was given.
    filename   TEXT,
    -- Came with its message: for that one alone.
    once       INTEGER NOT NULL,
    -- Milliseconds since 1970.
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- When what is in it was deleted. That it was here is remembered as long as
    -- the sends of it are: so a repeated request is known for what it is.
    deleted_at INTEGER
) STRICT;

CREATE INDEX files_by_expiry ON files (expires_at) WHERE deleted_at IS NULL;
