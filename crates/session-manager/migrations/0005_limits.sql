-- How often it was tried to find out what became of a message by sending it
-- again under its id, and when that was tried last, in milliseconds since 1970.
ALTER TABLE sends ADD COLUMN settle_tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sends ADD COLUMN settle_tried_at INTEGER;
-- When that was given up: from then on a person decides.
ALTER TABLE sends ADD COLUMN undecided_at INTEGER;

-- When the history that follows a link was through. What is linked already has
-- it.
ALTER TABLE accounts ADD COLUMN history_at INTEGER;
UPDATE accounts SET history_at = since * 1000 WHERE linked;
