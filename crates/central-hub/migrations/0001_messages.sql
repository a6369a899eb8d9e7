-- Whom the business writes to, or who wrote.
CREATE TABLE contacts (
    id         {id},
    -- WhatsApp's own: …@c.us or …@lid.
    wa_id      TEXT NOT NULL UNIQUE,
    -- What the business calls them, and what they call themselves.
    name       TEXT,
    pushname   TEXT,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL
){strict};

-- Every message, out and in: one history. Times are milliseconds since 1970.
CREATE TABLE messages (
    id              {id},
    direction       TEXT NOT NULL CHECK (direction IN ('out', 'in')),
    -- By which way it came here: 'send', 'single', 'bulk', 'campaign', 'phone', 'chat'.
    origin          TEXT NOT NULL,
    cliente_id      {int},
    campaign_id     {int},
    -- The other side: …@c.us or …@lid.
    chat            TEXT NOT NULL,
    -- 'text', or what else WhatsApp calls it.
    kind            TEXT NOT NULL,
    -- What a person reads: the text, or the caption.
    body            TEXT NOT NULL,
    -- What session-manager is asked, as JSON; nothing for what came in.
    request         TEXT,
    -- SHA-256 of what is asked, so that one key is one message.
    fingerprint     TEXT,
    idempotency_key TEXT UNIQUE,
    dry_run         {int} NOT NULL DEFAULT 0 CHECK (dry_run IN (0, 1)),
    state           TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'unconfirmed', 'failed',
        'cancelled', 'simulated', 'sent', 'delivered', 'read', 'played', 'received')),
    -- WhatsApp's id, and the last part of it, by which its acks are told.
    wa_id           TEXT,
    wa_key          TEXT,
    error_code      TEXT,
    error_message   TEXT,
    attempts        {int} NOT NULL DEFAULT 0,
    -- From when the outbox may take it; while it is taken, until when.
    due_at          {int} NOT NULL,
    claimed_by      TEXT,
    created_at      {int} NOT NULL,
    updated_at      {int} NOT NULL
){strict};

-- What is still to be done is small, however long the history is.
CREATE INDEX messages_due ON messages (dry_run, due_at, id)
    WHERE state IN ('queued', 'sending', 'unconfirmed');
CREATE INDEX messages_lane ON messages (chat, id)
    WHERE state IN ('queued', 'sending', 'unconfirmed');

CREATE INDEX messages_by_chat ON messages (chat, id);
CREATE INDEX messages_by_cliente ON messages (cliente_id, id);
CREATE INDEX messages_by_campaign ON messages (campaign_id, id);
CREATE INDEX messages_by_state ON messages (state, id);
-- What WhatsApp tells of is written once, however often it tells.
CREATE UNIQUE INDEX messages_told ON messages (wa_id) WHERE origin IN ('chat', 'phone');
CREATE INDEX messages_by_wa_key ON messages (wa_key);

-- Every change of a message's state, why and when.
CREATE TABLE message_transitions (
    id         {id},
    message_id {int} NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    from_state TEXT,
    to_state   TEXT NOT NULL,
    -- A code, such as SESSION_NOT_READY.
    cause      TEXT NOT NULL,
    -- For a person.
    detail     TEXT,
    at         {int} NOT NULL
){strict};

CREATE INDEX message_transitions_of ON message_transitions (message_id, id);

-- Acks that came before the hub had written down what they are for.
CREATE TABLE early_acks (
    wa_key TEXT NOT NULL PRIMARY KEY,
    state  TEXT NOT NULL,
    at     {int} NOT NULL
){strict};

-- Small things to remember, such as where in a stream of events the hub is.
CREATE TABLE settings (
    name       TEXT NOT NULL PRIMARY KEY,
    value      TEXT NOT NULL,
    updated_at {int} NOT NULL
){strict};
