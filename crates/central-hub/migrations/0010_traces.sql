-- Who put somebody on the list of opt-outs by hand, and for which business.
ALTER TABLE opt_outs ADD COLUMN cliente_id {int};
ALTER TABLE opt_outs ADD COLUMN added_by TEXT;

-- Made while the hub had no password, by whoever reached it.
ALTER TABLE users ADD COLUMN unguarded {int} NOT NULL DEFAULT 0;
ALTER TABLE api_tokens ADD COLUMN unguarded {int} NOT NULL DEFAULT 0;
UPDATE api_tokens SET unguarded = 1 WHERE user_id IS NULL;
-- The first start with a password makes the user admin.
UPDATE users SET unguarded = 1 WHERE name <> 'admin' AND created_at < COALESCE(
    (SELECT first.created_at FROM users first WHERE first.name = 'admin'), 9223372036854775807);
