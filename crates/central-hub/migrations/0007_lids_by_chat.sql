-- Somebody who is known by a number and a LID is taken off a list by both.
CREATE INDEX lids_by_chat ON lids (chat);
