-- A guest's page is found by its key, and begins where guest access was last switched.

CREATE UNIQUE INDEX rooms_by_guest_key ON rooms (guest_key);

CREATE INDEX guest_access_by_moment ON messages (conversation_id, sent_us)
WHERE kind = 'guest_access';
