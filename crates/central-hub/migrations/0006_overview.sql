-- What matters today is counted without a look at the messages themselves.
CREATE INDEX messages_outcomes ON messages (state, created_at, cliente_id);

-- What waits for a person is little, however much is over.
CREATE INDEX campaigns_paused ON campaigns (updated_at, id) WHERE state = 'paused';
CREATE INDEX schedules_pending ON schedules (id) WHERE state = 'pending';
CREATE INDEX campaign_imports_open ON campaign_imports (campaign_id, id) WHERE state <> 'done';
