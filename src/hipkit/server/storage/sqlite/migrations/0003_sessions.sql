-- Who is signed in to the page, and the links by which people set a password. Only hashes.
CREATE TABLE web_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES users (id),
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    last_seen_us INTEGER NOT NULL
);

CREATE INDEX web_sessions_by_user ON web_sessions (user_id);

-- A used link stays for a while, to say that it was used.
CREATE TABLE password_links (
    hash BLOB PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    expires_us INTEGER NOT NULL,
    used_us INTEGER
);

CREATE INDEX password_links_by_user ON password_links (user_id);
