-- When WhatsApp says that a message was written, for what it told.
ALTER TABLE messages ADD COLUMN written_at {int};

-- "Since when": a list begins there without looking at what is older.
CREATE INDEX messages_by_time ON messages (created_at, id);

-- Who is behind a LID, once it is known.
CREATE TABLE lids (
    lid        TEXT NOT NULL PRIMARY KEY,
    -- …@c.us
    chat       TEXT NOT NULL,
    updated_at {int} NOT NULL
){strict};

-- What one hub does at a time, and which.
CREATE TABLE leases (
    name   TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until  {int} NOT NULL
){strict};

-- What came in is little beside what a campaign sends.
CREATE INDEX messages_in ON messages (id) WHERE direction = 'in';
CREATE INDEX messages_in_by_cliente ON messages (cliente_id, id) WHERE direction = 'in';
