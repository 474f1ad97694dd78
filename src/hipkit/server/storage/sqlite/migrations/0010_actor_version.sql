-- How often something changed that an actor depends on, whichever process changed it: as long as
-- the number stays the same, what was read of tokens and their owners is still true.
-- Tokens that end with a grant count too: SQLite runs triggers for rows that a cascade deletes.
CREATE TABLE actor_version (
    number INTEGER NOT NULL
);

INSERT INTO actor_version (number) VALUES (0);

CREATE TRIGGER token_updated AFTER UPDATE ON tokens
BEGIN
    UPDATE actor_version SET number = number + 1;
END;

CREATE TRIGGER token_deleted AFTER DELETE ON tokens
BEGIN
    UPDATE actor_version SET number = number + 1;
END;

-- Without last_active_us: it changes with every message, and no right depends on it.
CREATE TRIGGER user_updated AFTER UPDATE OF id, group_id, name, mention_name, email, title,
    roles, is_group_admin, is_guest, is_deleted, timezone, presence_show, presence_status,
    photo_key, created_us, version ON users
BEGIN
    UPDATE actor_version SET number = number + 1;
END;

CREATE TRIGGER user_deleted AFTER DELETE ON users
BEGIN
    UPDATE actor_version SET number = number + 1;
END;

CREATE TRIGGER client_updated AFTER UPDATE ON oauth_clients
BEGIN
    UPDATE actor_version SET number = number + 1;
END;

CREATE TRIGGER client_deleted AFTER DELETE ON oauth_clients
BEGIN
    UPDATE actor_version SET number = number + 1;
END;
