-- Add-ons that are installed in a group or in one room. Each installation is an OAuth client of its
-- own and goes with it. One that is pending has been offered to its add-on, which has not accepted
-- it yet; during an update it may stand beside the one that it replaces. `updating_us` is when an
-- update began that is under way.
CREATE TABLE installations (
    client_id TEXT PRIMARY KEY REFERENCES oauth_clients (id) ON DELETE CASCADE,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    room_id INTEGER REFERENCES rooms (id),
    addon_key TEXT NOT NULL,
    name TEXT NOT NULL,
    descriptor TEXT NOT NULL,
    descriptor_url TEXT NOT NULL,
    state TEXT NOT NULL,
    installed_by INTEGER REFERENCES users (id),
    root TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    updating_us INTEGER
);

CREATE UNIQUE INDEX installations_by_key
    ON installations (group_id, COALESCE(room_id, 0), addon_key, state);
CREATE INDEX installations_of_room ON installations (room_id);
CREATE INDEX installations_by_user ON installations (installed_by);
CREATE INDEX installations_pending ON installations (created_us) WHERE state = 'pending';
CREATE INDEX installations_updating ON installations (updating_us)
WHERE updating_us IS NOT NULL;

-- What an add-on may fetch once, with the token in a browser's address: only its hash is here, and
-- never the add-on's secret. Those of a removed add-on tell which installation it was.
CREATE TABLE installables (
    token_hash BLOB PRIMARY KEY,
    client_id TEXT NOT NULL,
    addon_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    expires_us INTEGER NOT NULL
);

CREATE INDEX installables_by_client ON installables (client_id);
CREATE INDEX installables_by_expiry ON installables (expires_us);

-- The sender's name of an add-on's notifications, where its descriptor has another than its own.
ALTER TABLE oauth_clients ADD COLUMN from_name TEXT;
