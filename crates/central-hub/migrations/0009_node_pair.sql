-- What the Node pair's page says of a campaign beside its text, and before
-- which moment nothing of it goes.
ALTER TABLE campaigns ADD COLUMN description TEXT;
ALTER TABLE campaigns ADD COLUMN send_after {int};

-- Which rows of the Node pair's database are here already, and as which: what
-- was brought over is not brought twice.
CREATE TABLE node_rows (
    kind    TEXT NOT NULL,
    node_id {int} NOT NULL,
    id      {int} NOT NULL,
    PRIMARY KEY (kind, node_id)
){strict};
