-- One text to many people. Times are milliseconds since 1970.
CREATE TABLE campaigns (
    id           {id},
    cliente_id   {int},
    name         TEXT NOT NULL,
    -- The template.
    text         TEXT NOT NULL,
    -- The columns that the template may name, as a JSON array.
    columns      TEXT NOT NULL,
    -- Between two messages where no schedule says it, in seconds.
    pause_min    {int} NOT NULL,
    pause_max    {int} NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('draft', 'running', 'paused', 'finished')),
    -- Whether it goes by schedules: once it had one, never without again.
    scheduled    {int} NOT NULL DEFAULT 0 CHECK (scheduled IN (0, 1)),
    -- Whether it is a rehearsal: settled when it is approved, for ever.
    dry_run      {int} CHECK (dry_run IN (0, 1)),
    -- Why it is paused.
    pause_code   TEXT,
    pause_detail TEXT,
    -- What it waits for, and until when.
    wait_code    TEXT,
    wait_until   {int},
    -- The last outcomes, one letter each.
    health       TEXT NOT NULL DEFAULT '',
    -- When the scheduler looks at it next.
    next_at      {int} NOT NULL DEFAULT 0,
    -- The pause that was drawn after the last message.
    drawn_pause  {int} NOT NULL DEFAULT 0,
    -- How far a rehearsal is in the time that it imagines.
    clock        {int},
    -- How many recipients stand where, so that nobody has to count them.
    pending      {int} NOT NULL DEFAULT 0,
    queued       {int} NOT NULL DEFAULT 0,
    sent         {int} NOT NULL DEFAULT 0,
    failed       {int} NOT NULL DEFAULT 0,
    simulated    {int} NOT NULL DEFAULT 0,
    skipped      {int} NOT NULL DEFAULT 0,
    created_at   {int} NOT NULL,
    updated_at   {int} NOT NULL,
    approved_at  {int},
    finished_at  {int}
){strict};

CREATE INDEX campaigns_running ON campaigns (next_at, id) WHERE state = 'running';
CREATE INDEX campaigns_in_flight ON campaigns (id) WHERE queued > 0;
CREATE INDEX campaigns_by_cliente ON campaigns (cliente_id, id);
CREATE INDEX campaigns_changed ON campaigns (updated_at);

-- A list that was uploaded, or is being.
CREATE TABLE campaign_imports (
    id            {id},
    campaign_id   {int} NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    state         TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    bytes         {int} NOT NULL DEFAULT 0,
    total_bytes   {int},
    accepted      {int} NOT NULL DEFAULT 0,
    duplicates    {int} NOT NULL DEFAULT 0,
    refused       {int} NOT NULL DEFAULT 0,
    error_code    TEXT,
    error_message TEXT,
    created_at    {int} NOT NULL,
    updated_at    {int} NOT NULL
){strict};

CREATE INDEX campaign_imports_of ON campaign_imports (campaign_id, id);

-- The lines of a list that were not taken, and why.
CREATE TABLE import_refusals (
    id        {id},
    import_id {int} NOT NULL REFERENCES campaign_imports (id) ON DELETE CASCADE,
    line      {int} NOT NULL,
    code      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    cell      TEXT NOT NULL
){strict};

CREATE INDEX import_refusals_of ON import_refusals (import_id, id);

-- To whom a campaign goes.
CREATE TABLE recipients (
    id          {id},
    campaign_id {int} NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    import_id   {int},
    -- Where in the list.
    line        {int} NOT NULL,
    -- WhatsApp's own: …@c.us or …@lid.
    chat        TEXT NOT NULL,
    -- The values of the list's columns, as a JSON object.
    fields      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'queued', 'sent', 'failed', 'simulated', 'skipped')),
    -- The message, once there is one, and how many there were.
    message_id  {int},
    attempt     {int} NOT NULL DEFAULT 0,
    -- When it was given to the outbox; in a rehearsal, when it would have been.
    planned_at  {int},
    -- By which schedule and for which local day it counts.
    schedule_id {int},
    day         TEXT,
    -- Why it stands where it does.
    cause       TEXT,
    detail      TEXT,
    created_at  {int} NOT NULL,
    updated_at  {int} NOT NULL,
    UNIQUE (campaign_id, chat)
){strict};

-- What is still to be done is found without looking at what is done.
CREATE INDEX recipients_pending ON recipients (campaign_id, id) WHERE state = 'pending';
CREATE INDEX recipients_queued ON recipients (campaign_id, id) WHERE state = 'queued';
CREATE INDEX recipients_by_state ON recipients (campaign_id, state, id);
CREATE INDEX recipients_by_line ON recipients (campaign_id, id);

-- Every change of a recipient's state, why and when.
CREATE TABLE recipient_transitions (
    id           {id},
    recipient_id {int} NOT NULL REFERENCES recipients (id) ON DELETE CASCADE,
    from_state   TEXT NOT NULL,
    to_state     TEXT NOT NULL,
    cause        TEXT NOT NULL,
    detail       TEXT,
    message_id   {int},
    at           {int} NOT NULL
){strict};

CREATE INDEX recipient_transitions_of ON recipient_transitions (recipient_id, id);

-- When a campaign may write.
CREATE TABLE schedules (
    id          {id},
    campaign_id {int} NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    cliente_id  {int},
    -- 'mon,tue,…'
    days        TEXT NOT NULL,
    -- Minutes of the day.
    from_minute  {int} NOT NULL,
    until_minute {int} NOT NULL,
    quota       {int} NOT NULL,
    -- '2026-03-31'
    first_day   TEXT,
    last_day    TEXT,
    pause_min   {int} NOT NULL,
    pause_max   {int} NOT NULL,
    comment     TEXT,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'paused')),
    reason      TEXT,
    created_at  {int} NOT NULL,
    updated_at  {int} NOT NULL
){strict};

CREATE INDEX schedules_of ON schedules (campaign_id, id);
CREATE INDEX schedules_by_cliente ON schedules (cliente_id, id);

-- How many went on a local day by a schedule (0: without one).
CREATE TABLE campaign_days (
    campaign_id {int} NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    schedule_id {int} NOT NULL,
    day         TEXT NOT NULL,
    used        {int} NOT NULL,
    PRIMARY KEY (campaign_id, schedule_id, day)
){strict};

-- Who asked not to be written to.
CREATE TABLE opt_outs (
    id         {id},
    chat       TEXT NOT NULL UNIQUE,
    -- 'message', 'person'
    source     TEXT NOT NULL,
    -- What they wrote, or why somebody put them here.
    reason     TEXT,
    created_at {int} NOT NULL
){strict};

-- One pause for all campaigns: they share one phone.
INSERT INTO settings (name, value, updated_at) VALUES ('campaigns.not_before', '0', 0);
