-- Which words a message has; made from `messages`, so no export holds it.
{message_words}

-- How far what is older than it is filled in: the last message; with no row, all
-- of it is.
CREATE TABLE message_words_filled (
    place {int} NOT NULL
){strict};
INSERT INTO message_words_filled (place) VALUES (0);

-- Between whom there are messages: a chat and a business. Made from `messages`,
-- too. Without a unique index, for which writers that see the same people in
-- another order would wait for each other: two at once may both put a row here,
-- and whoever reads takes the first.
CREATE TABLE conversations (
    id         {id},
    chat       TEXT NOT NULL,
    cliente_id {int},
    -- The number in each spelling of its line, a space between, or the LID's.
    digits     TEXT NOT NULL
){strict};

CREATE INDEX conversations_of ON conversations (chat, cliente_id);
CREATE INDEX conversations_by_cliente ON conversations (cliente_id, id);

-- Names and number of a contact as one searches for them: lower case, without
-- accents, a space before and after each word. Filled at the next start.
ALTER TABLE contacts ADD COLUMN words TEXT;
