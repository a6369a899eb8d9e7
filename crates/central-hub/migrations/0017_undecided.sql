-- Since when a message whose outcome session-manager could not find out waits
-- for a person to decide: the outbox leaves it alone meanwhile, and goes on with
-- what comes after it. Such a message is 'unconfirmed'.
ALTER TABLE messages ADD COLUMN undecided_at {int};
