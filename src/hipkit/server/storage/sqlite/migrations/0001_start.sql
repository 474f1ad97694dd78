-- Moments are microseconds since 1970 in UTC; truths are 0 and 1; lists are JSON text.
-- Names are found by their folded form, made in Python: databases fold case differently.

CREATE TABLE chat_groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    subdomain TEXT NOT NULL,
    owner_id INTEGER,
    avatar_key TEXT,
    created_us INTEGER NOT NULL
);

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    name TEXT NOT NULL,
    mention_name TEXT NOT NULL,
    mention_key TEXT,
    email TEXT NOT NULL,
    email_key TEXT,
    title TEXT NOT NULL,
    roles TEXT NOT NULL,
    is_group_admin INTEGER NOT NULL,
    is_guest INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL,
    timezone TEXT NOT NULL,
    presence_show TEXT,
    presence_status TEXT,
    photo_key TEXT,
    created_us INTEGER NOT NULL,
    last_active_us INTEGER,
    version TEXT NOT NULL,
    password_hash TEXT
);

-- A deleted user's folded names are empty, so that others may take them.
CREATE UNIQUE INDEX users_by_mention ON users (group_id, mention_key);
CREATE UNIQUE INDEX users_by_email ON users (group_id, email_key);

-- A room's or a private chat's messages hang on its conversation.
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    lower_user_id INTEGER REFERENCES users (id),
    higher_user_id INTEGER REFERENCES users (id),
    messages_sent INTEGER NOT NULL DEFAULT 0,
    last_active_us INTEGER
);

CREATE UNIQUE INDEX conversations_by_users ON conversations (lower_user_id, higher_user_id);

CREATE TABLE rooms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    name TEXT NOT NULL,
    name_key TEXT,
    topic TEXT NOT NULL,
    privacy TEXT NOT NULL,
    is_archived INTEGER NOT NULL,
    is_guest_accessible INTEGER NOT NULL,
    guest_key TEXT,
    delegate_admin_visibility INTEGER,
    owner_id INTEGER NOT NULL REFERENCES users (id),
    avatar_key TEXT,
    created_us INTEGER NOT NULL,
    version TEXT NOT NULL,
    is_deleted INTEGER NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX rooms_by_name ON rooms (group_id, name_key);

CREATE TABLE room_members (
    room_id INTEGER NOT NULL REFERENCES rooms (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    roles TEXT NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

CREATE INDEX room_members_by_user ON room_members (user_id);

CREATE TABLE room_participants (
    room_id INTEGER NOT NULL REFERENCES rooms (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    since_us INTEGER NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

CREATE TABLE room_invitations (
    room_id INTEGER NOT NULL REFERENCES rooms (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    inviter_id INTEGER REFERENCES users (id),
    reason TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

CREATE TABLE auto_join_rooms (
    user_id INTEGER NOT NULL REFERENCES users (id),
    room_id INTEGER NOT NULL REFERENCES rooms (id),
    PRIMARY KEY (user_id, room_id)
);

CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    created_us INTEGER NOT NULL
);

CREATE TABLE messages (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    sent_us INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sender_id INTEGER REFERENCES users (id),
    sender_label TEXT NOT NULL,
    client_id TEXT,
    body TEXT NOT NULL,
    format TEXT NOT NULL,
    color TEXT,
    notify INTEGER NOT NULL,
    card TEXT,
    attach_to TEXT,
    mentions TEXT NOT NULL,
    links TEXT NOT NULL,
    emoticons TEXT NOT NULL,
    file_id INTEGER REFERENCES files (id),
    is_deleted INTEGER NOT NULL DEFAULT 0
);

-- No two messages of a conversation share a moment, so this index alone orders a history.
CREATE UNIQUE INDEX messages_by_moment ON messages (conversation_id, sent_us);

CREATE TABLE emoticons (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    shortcut TEXT NOT NULL,
    shortcut_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    file_key TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    creator_id INTEGER REFERENCES users (id)
);

CREATE UNIQUE INDEX emoticons_by_shortcut ON emoticons (group_id, shortcut_key);

CREATE TABLE oauth_clients (
    id TEXT PRIMARY KEY,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    room_id INTEGER REFERENCES rooms (id),
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    created_us INTEGER NOT NULL
);

-- Only hashes: whoever reads this file cannot use what is in it.
CREATE TABLE refresh_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES users (id),
    client_id TEXT REFERENCES oauth_clients (id),
    scopes TEXT NOT NULL,
    expires_us INTEGER
);

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    group_id INTEGER NOT NULL REFERENCES chat_groups (id),
    user_id INTEGER REFERENCES users (id),
    client_id TEXT REFERENCES oauth_clients (id),
    room_id INTEGER REFERENCES rooms (id),
    scopes TEXT NOT NULL,
    name TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER,
    refresh_id INTEGER REFERENCES refresh_tokens (id)
);

CREATE INDEX tokens_by_user ON tokens (user_id);
CREATE INDEX tokens_by_client ON tokens (client_id);
CREATE INDEX tokens_by_room ON tokens (room_id);

CREATE TABLE authorization_codes (
    hash BLOB PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    client_id TEXT NOT NULL REFERENCES oauth_clients (id),
    scopes TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    expires_us INTEGER NOT NULL
);
