-- What WhatsApp said of a number, and what it is still to be asked.
CREATE TABLE lookups (
    -- As in person_addresses.
    address     TEXT NOT NULL PRIMARY KEY,
    -- Whether it has WhatsApp; nothing until WhatsApp was asked.
    found       {int} CHECK (found IN (0, 1)),
    -- 1: part of a list, which waits behind what somebody asked for by itself.
    in_list     {int} NOT NULL CHECK (in_list IN (0, 1)),
    queued_at   {int} NOT NULL,
    answered_at {int}
){strict};

CREATE INDEX lookups_open ON lookups (in_list, queued_at, address) WHERE found IS NULL;

-- The numbers of a campaign's list that were checked, or are to be.
CREATE TABLE campaign_checks (
    recipient_id {int} NOT NULL PRIMARY KEY REFERENCES recipients (id) ON DELETE CASCADE,
    campaign_id  {int} NOT NULL,
    address      TEXT NOT NULL
){strict};

CREATE INDEX campaign_checks_of ON campaign_checks (campaign_id, recipient_id);

-- Who was told once that an opt-out was understood.
CREATE TABLE opt_out_answers (
    chat TEXT NOT NULL PRIMARY KEY,
    at   {int} NOT NULL
){strict};
