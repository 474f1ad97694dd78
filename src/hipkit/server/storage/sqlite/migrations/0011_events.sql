-- An event log that anything can subscribe to: what happened, how far each subscription has come,
-- and what was delivered. A webhook is one kind of subscription, and its number is the
-- subscription's: what goes by that number (deliveries, answers) needs no table of its kind.

DROP INDEX webhooks_by_key;
DROP INDEX webhooks_of_room;
DROP INDEX webhooks_of_group;
DROP INDEX webhooks_by_next_try;
DROP INDEX webhooks_by_client;
DROP INDEX webhooks_by_user;
DROP INDEX webhooks_by_grant;
ALTER TABLE webhooks RENAME TO old_webhooks;

-- `position` is the last event dealt with; `host` is where its endpoint is, for turns.
CREATE TABLE subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    room_id INTEGER REFERENCES rooms (id),
    event TEXT NOT NULL,
    host TEXT NOT NULL,
    position INTEGER NOT NULL,
    last_event_id INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    failing_since_us INTEGER,
    next_try_us INTEGER,
    paused_us INTEGER,
    dropped_us INTEGER,
    problem TEXT
);

INSERT INTO subscriptions (id, kind, group_id, room_id, event, host, position, last_event_id,
    tries, failing_since_us, next_try_us, paused_us, dropped_us, problem)
SELECT id, 'webhook', group_id, room_id, event,
    lower(substr(rest, 1,
        min(instr(rest || '/', '/'), instr(rest || '?', '?'), instr(rest || '#', '#')) - 1)),
    position, last_event_id, tries, failing_since_us, next_try_us, paused_us, dropped_us, problem
FROM (SELECT *, substr(url, instr(url, '://') + 3) AS rest FROM old_webhooks);

-- Numbers of deleted webhooks are not used again: programs may still know them.
DELETE FROM sqlite_sequence WHERE name = 'subscriptions';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'subscriptions', seq FROM sqlite_sequence WHERE name = 'old_webhooks';

-- Who subscribes to an event, and whom it wakes: subscriptions that wait for their next try are
-- passed over without being read, however many they are.
CREATE INDEX subscriptions_of_room ON subscriptions (room_id, event, next_try_us);
CREATE INDEX subscriptions_of_group ON subscriptions (group_id, event, next_try_us)
WHERE room_id IS NULL;
CREATE INDEX subscriptions_by_next_try ON subscriptions (next_try_us)
WHERE next_try_us IS NOT NULL;

-- Group and room never change; they are here as well because a key is taken once in each.
CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY REFERENCES subscriptions (id) ON DELETE CASCADE,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    room_id INTEGER REFERENCES rooms (id),
    client_id TEXT REFERENCES oauth_clients (id),
    user_id INTEGER REFERENCES users (id),
    grant_id INTEGER REFERENCES grants (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    pattern TEXT,
    authentication TEXT NOT NULL,
    root TEXT,
    created_us INTEGER NOT NULL
);

INSERT INTO webhooks (id, group_id, room_id, client_id, user_id, grant_id, key, name, url,
    pattern, authentication, root, created_us)
SELECT id, group_id, room_id, client_id, user_id, grant_id, key, name, url,
    pattern, authentication, root, created_us
FROM old_webhooks;

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
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

INSERT INTO deliveries (id, subscription_id, event_id, event, state, tries, status, problem,
    answer, posted_id, milliseconds, tried_us)
SELECT id, webhook_id, event_id, event, state, tries, status, problem,
    answer, posted_id, milliseconds, tried_us
FROM webhook_deliveries;

DELETE FROM sqlite_sequence WHERE name = 'deliveries';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'deliveries', seq FROM sqlite_sequence WHERE name = 'webhook_deliveries';

-- First the deliveries: dropping a table deletes its rows, and theirs would go along.
DROP TABLE webhook_deliveries;
DROP TABLE old_webhooks;

CREATE UNIQUE INDEX webhooks_by_key
    ON webhooks (group_id, COALESCE(room_id, 0), COALESCE(client_id, ''), key);
CREATE INDEX webhooks_by_client ON webhooks (client_id);
CREATE INDEX webhooks_by_user ON webhooks (user_id);
CREATE INDEX webhooks_by_grant ON webhooks (grant_id);

CREATE UNIQUE INDEX deliveries_by_event ON deliveries (subscription_id, event_id);
CREATE INDEX deliveries_of_event ON deliveries (event_id);

-- However a webhook goes, with its grant, client or user too, its subscription and deliveries go.
CREATE TRIGGER webhook_deleted AFTER DELETE ON webhooks
BEGIN
    DELETE FROM subscriptions WHERE id = OLD.id;
END;

-- One row for each event that anything subscribes to, however many do.
CREATE TABLE events (
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

INSERT INTO events (id, group_id, room_id, event, text, item, user_id, root, answered_by,
    only_for, created_us)
SELECT id, group_id, room_id, event, text, item, user_id, root, answered_by,
    only_for, created_us
FROM webhook_events;

DELETE FROM sqlite_sequence WHERE name = 'events';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'events', seq FROM sqlite_sequence WHERE name = 'webhook_events';

DROP TABLE webhook_events;

CREATE INDEX events_of_room ON events (room_id, event, id);
CREATE INDEX events_of_group ON events (group_id, event, id);
