-- Which words a message has; made from `messages`, so no export holds it.
{message_words}

-- Names and number of a contact as one searches for them: lower case, without
-- accents, a space before and after each word. Filled at the next start.
ALTER TABLE contacts ADD COLUMN words TEXT;
