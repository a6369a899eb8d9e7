-- What a business keeps of a person; 0 for whoever sees all businesses.
CREATE TABLE contact_cards (
    id         {id},
    chat       TEXT NOT NULL,
    cliente_id {int} NOT NULL,
    name       TEXT,
    -- A JSON array.
    tags       TEXT NOT NULL,
    note       TEXT,
    -- Name and tags as one searches for them.
    words      TEXT NOT NULL,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL,
    UNIQUE (chat, cliente_id)
){strict};

-- When somebody said that two are not one after all.
ALTER TABLE person_joinings ADD COLUMN undone_at {int};
