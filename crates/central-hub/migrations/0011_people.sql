-- One person, by whatever number or LID: what has an address of theirs has
-- `chat` of `people` in its own column `chat`. Who is known by one address in
-- its usual spelling alone needs no row here.
CREATE TABLE people (
    id         {id},
    -- By which the rest knows them: their number as WhatsApp spells it, where
    -- it is known; else the number as it was learnt, or their LID.
    chat       TEXT NOT NULL UNIQUE,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL
){strict};

CREATE TABLE person_addresses (
    -- A number in the spelling that stands for its line, as …@c.us, or …@lid.
    address    TEXT NOT NULL PRIMARY KEY,
    person_id  {int} NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    -- Who told: 'inbound', 'send', 'migration'.
    source     TEXT NOT NULL,
    created_at {int} NOT NULL
){strict};

CREATE INDEX person_addresses_of ON person_addresses (person_id);

-- Which chats turned out to be one person's, and by what.
CREATE TABLE person_joinings (
    id        {id},
    person_id {int} NOT NULL,
    -- The chat that is no more, and the one that has what hung on it.
    from_chat TEXT NOT NULL,
    to_chat   TEXT NOT NULL,
    source    TEXT NOT NULL,
    at        {int} NOT NULL
){strict};

CREATE INDEX person_joinings_of ON person_joinings (person_id, id);

-- What the table of LIDs knew.
INSERT INTO people (chat, created_at, updated_at)
    SELECT chat, MIN(updated_at), MAX(updated_at) FROM lids GROUP BY chat;
INSERT INTO person_addresses (address, person_id, source, created_at)
    SELECT chat, id, 'migration', created_at FROM people;
INSERT INTO person_addresses (address, person_id, source, created_at)
    SELECT lids.lid, people.id, 'migration', lids.updated_at
    FROM lids JOIN people ON people.chat = lids.chat WHERE lids.lid <> lids.chat;
DROP TABLE lids;

-- The number as the list has it, where it is spelled in another way.
ALTER TABLE recipients ADD COLUMN address TEXT;
CREATE INDEX recipients_by_chat ON recipients (chat);
