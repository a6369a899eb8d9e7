-- Messages whose chat was forgotten: they are not told again, although the page
-- may still have them. SHA-256 of what tells a message from all others.
CREATE TABLE forgotten (
    hash BLOB    PRIMARY KEY,
    -- Milliseconds since 1970.
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX forgotten_by_age ON forgotten (at);
