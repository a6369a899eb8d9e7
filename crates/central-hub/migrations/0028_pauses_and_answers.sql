-- Who paused a campaign, by the name that they sign in with, and when.
ALTER TABLE campaigns ADD COLUMN paused_by TEXT;
ALTER TABLE campaigns ADD COLUMN paused_at {int};

-- Whoever wrote in the last days is counted without a look at the messages
-- themselves. The state is in it since SQLite would take messages_outcomes else.
CREATE INDEX messages_heard ON messages (state, created_at, cliente_id, chat)
    WHERE state = 'received';
-- Whoever answered a campaign, beside which what it sent is much.
CREATE INDEX messages_answers ON messages (campaign_id, chat, created_at)
    WHERE direction = 'in' AND campaign_id IS NOT NULL;
