-- Who wants to be told of what. Times are milliseconds since 1970.
CREATE TABLE webhooks (
    id              {id},
    url             TEXT NOT NULL,
    -- What the business calls it.
    description     TEXT NOT NULL,
    -- ',message,ack,'
    topics          TEXT NOT NULL,
    -- Of this business alone.
    cliente_id      {int},
    enabled         {int} NOT NULL CHECK (enabled IN (0, 1)),
    -- Why the hub itself switched it off.
    disabled_cause  TEXT,
    -- whsec_…: to sign with it, it has to be known.
    secret          TEXT NOT NULL,
    -- The one before, and until when it signs as well.
    previous_secret TEXT,
    previous_until  {int},
    created_at      {int} NOT NULL,
    updated_at      {int} NOT NULL
){strict};

-- What they are told, written together with what it is about.
CREATE TABLE webhook_deliveries (
    id           {id},
    webhook_id   {int} NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    -- The same for all who are told of one thing, and with every attempt.
    event_id     TEXT NOT NULL,
    topic        TEXT NOT NULL,
    payload      TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    -- Since it was written or replayed.
    attempts     {int} NOT NULL DEFAULT 0,
    -- From when it may be tried; while it is taken, until when.
    due_at       {int} NOT NULL,
    claimed_by   TEXT,
    -- What came of the last attempt.
    last_status  {int},
    last_error   TEXT,
    created_at   {int} NOT NULL,
    updated_at   {int} NOT NULL
){strict};

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at, id)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (webhook_id, state, id);
CREATE INDEX webhook_deliveries_settled ON webhook_deliveries (state, updated_at)
    WHERE state <> 'pending';

-- Every attempt at a delivery.
CREATE TABLE webhook_attempts (
    id          {id},
    delivery_id {int} NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    at          {int} NOT NULL,
    duration_ms {int} NOT NULL,
    -- What the receiver answered, if it did.
    status      {int},
    -- Why that is no success, as a code.
    error       TEXT
){strict};

CREATE INDEX webhook_attempts_of ON webhook_attempts (delivery_id, id);
