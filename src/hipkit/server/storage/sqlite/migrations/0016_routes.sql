-- Routes pass messages on to other chats. A route is a subscription of a group, and its number is
-- the subscription's. What is known of it beside comes from the relay's file, which is not stored:
-- it names secrets.

-- `held_us`: since when the operator pauses it. `removed_us`: since when it is not in the file any
-- more. `recovered_us`: when it got something through after it had failed for a while.
CREATE TABLE routes (
    id INTEGER PRIMARY KEY REFERENCES subscriptions (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    target TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    held_us INTEGER,
    removed_us INTEGER,
    recovered_us INTEGER,
    delivered INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    set_aside INTEGER NOT NULL DEFAULT 0,
    summarised INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0,
    last_us INTEGER,
    last_status INTEGER,
    last_problem TEXT
);

CREATE UNIQUE INDEX routes_by_name ON routes (name);

-- However a route goes, its subscription and deliveries go.
CREATE TRIGGER route_deleted AFTER DELETE ON routes
BEGIN
    DELETE FROM subscriptions WHERE id = OLD.id;
END;

-- What messages, cards and files are called at a route's target: threads are found by it.
CREATE TABLE relayed_messages (
    route_id INTEGER NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    reference TEXT NOT NULL,
    sent_us INTEGER NOT NULL,
    PRIMARY KEY (route_id, message_id)
) WITHOUT ROWID;

CREATE INDEX relayed_messages_by_age ON relayed_messages (sent_us);

-- The events that a summary stands for, stored before it is sent: after a crash it is sent with
-- the same id for the same events.
CREATE TABLE route_summaries (
    route_id INTEGER PRIMARY KEY REFERENCES routes (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    first_event_id INTEGER NOT NULL,
    last_event_id INTEGER NOT NULL,
    created_us INTEGER NOT NULL
);

-- Of a route as many deliveries are kept that reached its target as others.
CREATE INDEX deliveries_delivered ON deliveries (subscription_id, event_id)
WHERE state = 'delivered';
