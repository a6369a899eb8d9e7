-- Who may sign in. Names are in lower case.
CREATE TABLE users (
    id           {id},
    name         TEXT NOT NULL UNIQUE,
    -- Argon2id, as a PHC string.
    password     TEXT NOT NULL,
    role         TEXT NOT NULL CHECK (role IN ('admin', 'cliente')),
    -- The one business that a cliente sees.
    cliente_id   {int},
    disabled     {int} NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created_at   {int} NOT NULL,
    updated_at   {int} NOT NULL,
    signed_in_at {int},
    CHECK ((role = 'cliente') = (cliente_id IS NOT NULL))
){strict};

-- Signed-in browsers and programs. Of the two secrets, the cookie's and the
-- JWT's, only SHA-256 is here: whoever reads this table cannot use it.
CREATE TABLE sessions (
    id          {id},
    cookie_hash TEXT NOT NULL UNIQUE,
    bearer_hash TEXT NOT NULL UNIQUE,
    user_id     {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at  {int} NOT NULL,
    seen_at     {int} NOT NULL,
    expires_at  {int} NOT NULL
){strict};

CREATE INDEX sessions_of ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- For programs. A token ends with the user who made it; none made it where
-- the hub had no password.
CREATE TABLE api_tokens (
    id         {id},
    name       TEXT NOT NULL,
    hash       TEXT NOT NULL UNIQUE,
    -- Separated by blanks.
    scopes     TEXT NOT NULL,
    cliente_id {int},
    user_id    {int} REFERENCES users (id) ON DELETE CASCADE,
    created_at {int} NOT NULL,
    expires_at {int},
    used_at    {int}
){strict};

CREATE INDEX api_tokens_of ON api_tokens (user_id);
