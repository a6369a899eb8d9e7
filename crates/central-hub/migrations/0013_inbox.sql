-- Who wrote, who waits for an answer: one row for each chat in which somebody
-- wrote or a person of the office did, and each view of it. Made from
-- `messages`, and kept with each of them.
CREATE TABLE inbox (
    chat        TEXT NOT NULL,
    -- The business that sees it so; 0: whoever sees all.
    cliente_id  {int} NOT NULL,
    -- Places: the second in which a message was written, and its number within.
    -- The last of theirs, and the last of ours that was written by hand and may
    -- have arrived; 0 for none.
    last_in     {int} NOT NULL,
    last_out    {int} NOT NULL,
    -- Up to which of theirs nothing is to be answered, as somebody said.
    settled     {int} NOT NULL,
    -- When the first of theirs was written that nobody answered.
    waits_since {int},
    -- Where it stands in the list.
    place       {int} NOT NULL,
    updated_at  {int} NOT NULL,
    PRIMARY KEY (chat, cliente_id)
){strict};

CREATE INDEX inbox_by_place ON inbox (cliente_id, place);
CREATE INDEX inbox_waiting ON inbox (cliente_id, waits_since) WHERE waits_since IS NOT NULL;
CREATE INDEX inbox_waiting_by_place ON inbox (cliente_id, place) WHERE waits_since IS NOT NULL;
CREATE INDEX inbox_changed ON inbox (updated_at);

-- What of theirs a user has not read; the user 0 is whoever uses a hub that has
-- no password. Only what is unread has a row.
CREATE TABLE unread (
    user_id  {int} NOT NULL,
    chat     TEXT NOT NULL,
    messages {int} NOT NULL,
    -- The number of the last of them.
    last_id  {int} NOT NULL,
    PRIMARY KEY (user_id, chat)
){strict};

CREATE INDEX unread_by_chat ON unread (chat);

-- Beside what campaigns send both are little.
CREATE INDEX messages_in_by_chat ON messages (chat, id) WHERE direction = 'in';
CREATE INDEX messages_by_hand ON messages (chat, id) WHERE origin IN ('send', 'single', 'phone');

-- What the hub heard of long after it was written.
CREATE INDEX messages_late ON messages (id) WHERE written_at < created_at - 60000;

-- Who stopped all sending, who let it go on again, and when: the last row holds.
CREATE TABLE sending_switches (
    id         {id},
    is_stopped {int} NOT NULL CHECK (is_stopped IN (0, 1)),
    by_whom    TEXT NOT NULL,
    at         {int} NOT NULL
){strict};

-- Of those who see all, who only answers: the role `agente`. A column of its
-- own, since the role's check cannot be changed.
ALTER TABLE users ADD COLUMN answers_only {int} NOT NULL DEFAULT 0
    CHECK (answers_only IN (0, 1));
