-- Which request a message came with; none for what a campaign sends, and for
-- what the hub heard of.
ALTER TABLE messages ADD COLUMN request_id TEXT;
