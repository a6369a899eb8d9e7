-- The countries of a list's numbers, as JSON: code, count and the first lines.
-- Whoever approves looks at those of another country than most.
ALTER TABLE campaign_imports ADD COLUMN countries TEXT NOT NULL DEFAULT '{}';
-- Those of the recipients that a copy took from the campaign before it.
ALTER TABLE campaigns ADD COLUMN copied_countries TEXT NOT NULL DEFAULT '{}';

-- The addresses of the contact that a person joined to another, as a JSON array:
-- they leave together when the joining is undone.
ALTER TABLE person_joinings ADD COLUMN addresses TEXT;

-- Messages that hold an opt-out word and are no opt-out by themselves: a person
-- decides. One for each contact, its newest.
CREATE TABLE possible_opt_outs (
    id         {id},
    chat       TEXT NOT NULL UNIQUE,
    -- The business that the contact answered.
    cliente_id {int},
    word       TEXT NOT NULL,
    text       TEXT NOT NULL,
    created_at {int} NOT NULL
){strict};
