-- What failed and needs a person: not what was refused since its recipient had
-- asked not to be written to. The state is in it since SQLite would take
-- messages_outcomes else; the error, since it looks at it again.
CREATE INDEX messages_failed ON messages (state, created_at, cliente_id, error_code)
    WHERE state = 'failed' AND COALESCE(error_code, '') <> 'OPTED_OUT';
