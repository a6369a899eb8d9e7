-- Texts that people who answer use again and again.
CREATE TABLE quick_answers (
    id         {id},
    -- The business; 0 for whoever sees all businesses.
    cliente_id {int} NOT NULL,
    -- What is typed after the "/", as it was written.
    shortcut   TEXT NOT NULL,
    -- The same as it is compared: lower case, no accents.
    word       TEXT NOT NULL,
    text       TEXT NOT NULL,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL,
    UNIQUE (cliente_id, word)
){strict};
