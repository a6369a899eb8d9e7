-- Whose a file is: one business has a share of the room, not all of it.
ALTER TABLE files ADD COLUMN cliente_id INTEGER;
