-- Secrets by which this server knows again what it has signed, by what they are for.
CREATE TABLE server_keys (
    purpose TEXT PRIMARY KEY NOT NULL,
    secret TEXT NOT NULL
) WITHOUT ROWID;
