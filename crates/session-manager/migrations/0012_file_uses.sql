-- To whom an uploaded file was sent, or was to be sent. It is deleted with the last
-- of them.
CREATE TABLE file_uses (
    file_id TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    -- A number or LID, as `…@c.us` or `…@lid`.
    chat    TEXT NOT NULL,
    PRIMARY KEY (file_id, chat)
) STRICT, WITHOUT ROWID;

INSERT INTO file_uses (file_id, chat)
SELECT DISTINCT files.id, sends.recipient FROM sends JOIN files ON files.id = sends.file_id
WHERE sends.recipient <> '';

-- Whether all chats that used the file were forgotten. The row stays until the file
-- is off the disk.
ALTER TABLE files ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;

CREATE INDEX files_forgotten ON files (id) WHERE forgotten = 1;
