-- What two contacts were before they were joined, as JSON: names, tags and notes
-- of both, and the recipients that were taken out as the same person. Given back
-- when the joining is undone, and empty from then on.
ALTER TABLE person_joinings ADD COLUMN kept TEXT;

-- Deleted contacts of which session-manager has still to delete what it keeps.
CREATE TABLE chat_deletions (
    id         {id},
    -- One of the contact's addresses: a number as …@c.us, or …@lid.
    address    TEXT NOT NULL UNIQUE,
    -- From when it may be asked (again).
    due_at     {int} NOT NULL,
    created_at {int} NOT NULL
){strict};

CREATE INDEX chat_deletions_due ON chat_deletions (due_at, id);
