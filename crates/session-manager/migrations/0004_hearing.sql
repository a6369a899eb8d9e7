-- How far a search of the page's store got that is not complete yet: all of a
-- chat's messages up to here are known, in WhatsApp's own time, seconds since
-- 1970.
CREATE TABLE searched_chats (
    account TEXT    NOT NULL,
    chat    TEXT    NOT NULL,
    until   INTEGER NOT NULL,
    PRIMARY KEY (account, chat)
) STRICT, WITHOUT ROWID;

-- What is told of a message that stays unreadable, as JSON, and when that was
-- told, in milliseconds since 1970.
ALTER TABLE unreadable ADD COLUMN data TEXT;
ALTER TABLE unreadable ADD COLUMN told_at INTEGER;
