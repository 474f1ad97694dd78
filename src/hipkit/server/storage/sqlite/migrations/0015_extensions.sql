-- Modules of add-ons: glances, web panels, dialogs, actions and external pages, of a room or, with
-- no room, of the whole group. The body is the module's JSON, as the add-on sent it.
CREATE TABLE extensions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    room_id INTEGER REFERENCES rooms (id),
    client_id TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    from_descriptor INTEGER NOT NULL,
    created_us INTEGER NOT NULL
);

CREATE UNIQUE INDEX extensions_by_key ON extensions (client_id, key, kind, COALESCE(room_id, 0));
CREATE INDEX extensions_of_group ON extensions (group_id, kind, room_id);
CREATE INDEX extensions_of_room ON extensions (room_id) WHERE room_id IS NOT NULL;

-- What an add-on pushed to a glance: for the whole group, a room, a user, or a user in a room.
CREATE TABLE glance_values (
    id INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    room_id INTEGER REFERENCES rooms (id),
    user_id INTEGER REFERENCES users (id),
    content TEXT NOT NULL,
    updated_us INTEGER NOT NULL
);

CREATE UNIQUE INDEX glance_values_by_place
    ON glance_values (client_id, key, COALESCE(room_id, 0), COALESCE(user_id, 0));
CREATE INDEX glance_values_of_room ON glance_values (room_id) WHERE room_id IS NOT NULL;
CREATE INDEX glance_values_of_user ON glance_values (user_id) WHERE user_id IS NOT NULL;

-- Links that open a module. Of the token in a link only the hash is stored.
CREATE TABLE addon_links (
    hash BLOB PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    extension_id INTEGER NOT NULL REFERENCES extensions (id) ON DELETE CASCADE,
    expires_us INTEGER NOT NULL
);

CREATE INDEX addon_links_by_client ON addon_links (client_id, expires_us);
CREATE INDEX addon_links_of_extension ON addon_links (extension_id);

CREATE TRIGGER extensions_go_with_room AFTER UPDATE OF is_deleted ON rooms
WHEN NEW.is_deleted = 1
BEGIN
    DELETE FROM extensions WHERE room_id = NEW.id;
    DELETE FROM glance_values WHERE room_id = NEW.id;
END;

CREATE TRIGGER glance_values_go_with_user AFTER UPDATE OF is_deleted ON users
WHEN NEW.is_deleted = 1
BEGIN
    DELETE FROM glance_values WHERE user_id = NEW.id;
END;

-- What was pushed to a glance goes with it: a new one with its key begins without content.
CREATE TRIGGER glance_values_go_with_glance AFTER DELETE ON extensions WHEN OLD.kind = 'glance'
BEGIN
    DELETE FROM glance_values
    WHERE client_id = OLD.client_id AND key = OLD.key
        AND (room_id IS OLD.room_id OR NOT EXISTS (
            SELECT 1 FROM extensions
            WHERE client_id = OLD.client_id AND key = OLD.key AND kind = 'glance'));
END;

-- Open pages show the glances of their room anew (`glances`) when a module changes, or something
-- that a condition of one may ask about.
CREATE TRIGGER extension_added AFTER INSERT ON extensions
BEGIN
    INSERT INTO page_changes (part, room_id) VALUES ('glances', NEW.room_id);
END;

CREATE TRIGGER extension_changed AFTER UPDATE OF body ON extensions WHEN OLD.body <> NEW.body
BEGIN
    INSERT INTO page_changes (part, room_id) VALUES ('glances', NEW.room_id);
END;

CREATE TRIGGER extension_deleted AFTER DELETE ON extensions
BEGIN
    INSERT INTO page_changes (part, room_id) VALUES ('glances', OLD.room_id);
END;

CREATE TRIGGER glances_of_room_depend AFTER UPDATE OF privacy, owner_id ON rooms
WHEN (OLD.privacy, OLD.owner_id) IS NOT (NEW.privacy, NEW.owner_id)
BEGIN
    INSERT INTO page_changes (part, room_id) VALUES ('glances', NEW.id);
END;

CREATE TRIGGER glances_of_user_depend AFTER UPDATE OF is_guest, is_group_admin ON users
WHEN (OLD.is_guest, OLD.is_group_admin) IS NOT (NEW.is_guest, NEW.is_group_admin)
BEGIN
    INSERT INTO page_changes (part, user_id) VALUES ('glances', NEW.id);
END;
