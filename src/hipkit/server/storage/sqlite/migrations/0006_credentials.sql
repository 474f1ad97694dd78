-- What credentials go back to: for whom, through which client, good for which room, and made
-- with which other credential. What ends is ended here, and takes along what was made with it.
CREATE TABLE grants (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parent_id INTEGER REFERENCES grants (id),
    user_id INTEGER REFERENCES users (id),
    client_id TEXT REFERENCES oauth_clients (id),
    room_id INTEGER REFERENCES rooms (id)
);

CREATE INDEX grants_by_parent ON grants (parent_id);
CREATE INDEX grants_by_user ON grants (user_id);
CREATE INDEX grants_by_client ON grants (client_id);
CREATE INDEX grants_by_room ON grants (room_id);

ALTER TABLE refresh_tokens ADD COLUMN grant_id INTEGER REFERENCES grants (id) ON DELETE CASCADE;
ALTER TABLE tokens ADD COLUMN grant_id INTEGER REFERENCES grants (id) ON DELETE CASCADE;
ALTER TABLE authorization_codes ADD COLUMN grant_id INTEGER REFERENCES grants (id) ON DELETE CASCADE;
ALTER TABLE webhooks ADD COLUMN grant_id INTEGER REFERENCES grants (id) ON DELETE CASCADE;

CREATE INDEX tokens_by_refresh ON tokens (refresh_id);
CREATE INDEX tokens_by_expiry ON tokens (expires_us) WHERE expires_us IS NOT NULL;
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id);
CREATE INDEX tokens_by_grant ON tokens (grant_id);
CREATE INDEX authorization_codes_by_grant ON authorization_codes (grant_id);
CREATE INDEX webhooks_by_grant ON webhooks (grant_id);

-- A refresh token is bound to its client's room. One without a client was got with a token, and
-- which room that was bound to is not known any more: it ends, with the tokens that came of it.
DELETE FROM tokens WHERE refresh_id IN (SELECT id FROM refresh_tokens WHERE client_id IS NULL);
DELETE FROM refresh_tokens WHERE client_id IS NULL;

INSERT INTO grants (id, user_id, client_id, room_id)
SELECT refresh_tokens.id, user_id, client_id, oauth_clients.room_id
FROM refresh_tokens JOIN oauth_clients ON oauth_clients.id = client_id;

UPDATE refresh_tokens SET grant_id = id;

UPDATE tokens SET grant_id = refresh_id WHERE refresh_id IS NOT NULL;

-- Every other token stands for itself.
INSERT INTO grants (id, user_id, client_id, room_id)
SELECT id + (SELECT COALESCE(MAX(id), 0) FROM refresh_tokens), user_id, client_id, room_id
FROM tokens WHERE refresh_id IS NULL;

UPDATE tokens SET grant_id = id + (SELECT COALESCE(MAX(id), 0) FROM refresh_tokens)
WHERE refresh_id IS NULL;

-- A code is good for ten minutes, and the person is asked again.
DELETE FROM authorization_codes;

-- Where people signed in from with success: who tries their passwords elsewhere is slowed down.
-- A network is an IPv4 address, or the first half of an IPv6 address.
CREATE TABLE known_networks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    network TEXT NOT NULL,
    seen_us INTEGER NOT NULL
);

CREATE UNIQUE INDEX known_networks_by_user ON known_networks (user_id, network);

INSERT INTO known_networks (user_id, network, seen_us)
SELECT user_id, address, MAX(last_seen_us) FROM web_sessions
WHERE address LIKE '%.%' AND address NOT LIKE '%:%' GROUP BY user_id, address;
