-- What a message holds beside its text; the texts that it had, where it was
-- edited; and the reactions to it: each as JSON.
ALTER TABLE messages ADD COLUMN content TEXT;
ALTER TABLE messages ADD COLUMN edits TEXT;
ALTER TABLE messages ADD COLUMN reactions TEXT;
-- When it was deleted for everyone: from then on it holds nothing.
ALTER TABLE messages ADD COLUMN deleted_at {int};

-- What became of messages before the hub heard of the messages themselves.
CREATE TABLE early_changes (
    id     {id},
    chat   TEXT NOT NULL,
    -- The last part of WhatsApp's id of the message, as in `messages`.
    wa_key TEXT NOT NULL,
    -- The change, as JSON.
    data   TEXT NOT NULL,
    at     {int} NOT NULL
){strict};

CREATE INDEX early_changes_of ON early_changes (wa_key);
CREATE INDEX early_changes_by_chat ON early_changes (chat);
CREATE INDEX early_changes_by_time ON early_changes (at);

-- Files of messages that are no more: session-manager is still to delete them.
CREATE TABLE media_deletions (
    id         {id},
    -- WhatsApp's id of the message.
    wa_id      TEXT NOT NULL UNIQUE,
    -- From when it may be asked (again).
    due_at     {int} NOT NULL,
    created_at {int} NOT NULL
){strict};

CREATE INDEX media_deletions_due ON media_deletions (due_at, id);
