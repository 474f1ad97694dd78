-- What HipChat signs with is the client's secret itself, so a hash does not do.
-- Clients that were made before this have none here, and cannot ask for signatures.
ALTER TABLE oauth_clients ADD COLUMN signing_secret TEXT;

-- A webhook, and how far its route has come: `position` is the last event dealt with.
CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    room_id INTEGER REFERENCES rooms (id),
    client_id TEXT REFERENCES oauth_clients (id),
    user_id INTEGER REFERENCES users (id),
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    event TEXT NOT NULL,
    pattern TEXT,
    authentication TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    last_event_id INTEGER,
    position INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    failing_since_us INTEGER,
    next_try_us INTEGER,
    paused_us INTEGER,
    dropped_us INTEGER,
    problem TEXT
);

CREATE UNIQUE INDEX webhooks_by_key
    ON webhooks (group_id, COALESCE(room_id, 0), COALESCE(client_id, ''), key);

-- Who waits for an event, and whom it wakes: those that wait for a moment are passed over
-- without being read, however many they are.
CREATE INDEX webhooks_of_room ON webhooks (room_id, event, next_try_us);
CREATE INDEX webhooks_of_group ON webhooks (group_id, event, next_try_us) WHERE room_id IS NULL;
CREATE INDEX webhooks_by_next_try ON webhooks (next_try_us) WHERE next_try_us IS NOT NULL;
CREATE INDEX webhooks_by_client ON webhooks (client_id);
CREATE INDEX webhooks_by_user ON webhooks (user_id);

-- The outbox: one row for each event that at least one webhook waits for.
CREATE TABLE webhook_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL,
    room_id INTEGER NOT NULL,
    event TEXT NOT NULL,
    text TEXT,
    item TEXT NOT NULL,
    user_id INTEGER,
    root TEXT NOT NULL,
    answered_by INTEGER,
    only_for INTEGER,
    created_us INTEGER NOT NULL
);

CREATE INDEX webhook_events_of_room ON webhook_events (room_id, event, id);
CREATE INDEX webhook_events_of_group ON webhook_events (group_id, event, id);

CREATE TABLE webhook_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id INTEGER NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    status INTEGER,
    problem TEXT,
    answer TEXT,
    posted_id TEXT,
    milliseconds INTEGER,
    tried_us INTEGER NOT NULL
);

CREATE UNIQUE INDEX webhook_deliveries_by_event ON webhook_deliveries (webhook_id, event_id);
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event_id);
