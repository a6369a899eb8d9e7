-- Which words a message has; made from `messages`, so no export holds it.
{message_words}

-- How far what is older than it is filled in: the last message; with no row, all
-- of it is.
CREATE TABLE message_words_filled (
    place {int} NOT NULL
){strict};
INSERT INTO message_words_filled (place) VALUES (0);

-- Names and number of a contact as one searches for them: lower case, without
-- accents, a space before and after each word. Filled at the next start.
ALTER TABLE contacts ADD COLUMN words TEXT;
