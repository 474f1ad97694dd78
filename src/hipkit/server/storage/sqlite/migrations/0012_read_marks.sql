-- Up to which message each person has read each conversation. A mark that moves gets a new number,
-- so that whoever counts unread messages sees those moved by other processes too.
CREATE TABLE read_marks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    read_us INTEGER NOT NULL
);

CREATE UNIQUE INDEX read_marks_by_user ON read_marks (user_id, conversation_id);

-- Where there is no mark, messages are unread from here on, or from the user's creation on:
-- nobody finds years of messages unread because marks have come.
CREATE TABLE read_marks_begin (
    sent_us INTEGER NOT NULL
);

INSERT INTO read_marks_begin SELECT COALESCE(MAX(last_active_us), 0) FROM conversations;

-- Those who come to see a room only now have not missed what was said in it before.
CREATE TRIGGER member_begins_to_read AFTER INSERT ON room_members
BEGIN
    INSERT INTO read_marks (user_id, conversation_id, read_us)
    SELECT NEW.user_id, conversations.id, COALESCE(conversations.last_active_us, 0)
    FROM rooms JOIN conversations ON conversations.id = rooms.conversation_id
    WHERE rooms.id = NEW.room_id AND (rooms.privacy = 'private' OR EXISTS (
        SELECT 1 FROM users WHERE users.id = NEW.user_id AND users.is_guest = 1))
    ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER room_read_no_more AFTER UPDATE OF is_deleted ON rooms WHEN NEW.is_deleted = 1
BEGIN
    DELETE FROM read_marks WHERE conversation_id = NEW.conversation_id;
END;

-- The first index on a private chat's users serves the one with the lower id only.
CREATE INDEX conversations_by_higher_user ON conversations (higher_user_id)
WHERE higher_user_id IS NOT NULL;

-- Which parts of open pages have to be read again, whichever process changed them: the list of
-- conversations (`rooms`), of all who may see a room or of one user; the people in a room, or in
-- every room; a room's name, topic and state (`head`). Only the latest are kept.
CREATE TABLE page_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part TEXT NOT NULL,
    room_id INTEGER,
    user_id INTEGER
);

CREATE TRIGGER page_changes_trimmed AFTER INSERT ON page_changes
BEGIN
    DELETE FROM page_changes WHERE id <= NEW.id - 1000;
END;

CREATE TRIGGER room_listed AFTER INSERT ON rooms
BEGIN
    INSERT INTO page_changes (part, room_id) VALUES ('rooms', NEW.id);
END;

CREATE TRIGGER room_listed_otherwise
AFTER UPDATE OF name, privacy, is_archived, is_deleted, owner_id ON rooms
WHEN (OLD.name, OLD.privacy, OLD.is_archived, OLD.is_deleted, OLD.owner_id)
    IS NOT (NEW.name, NEW.privacy, NEW.is_archived, NEW.is_deleted, NEW.owner_id)
BEGIN
    INSERT INTO page_changes (part, room_id) VALUES ('rooms', NEW.id);
END;

CREATE TRIGGER room_headed_otherwise AFTER UPDATE OF name, topic, privacy, is_archived ON rooms
WHEN (OLD.name, OLD.topic, OLD.privacy, OLD.is_archived)
    IS NOT (NEW.name, NEW.topic, NEW.privacy, NEW.is_archived)
BEGIN
    INSERT INTO page_changes (part, room_id) VALUES ('head', NEW.id);
END;

CREATE TRIGGER room_opened_to_guests AFTER UPDATE OF is_guest_accessible, guest_key ON rooms
WHEN (OLD.is_guest_accessible, OLD.guest_key) IS NOT (NEW.is_guest_accessible, NEW.guest_key)
BEGIN
    INSERT INTO page_changes (part, room_id) VALUES ('people', NEW.id);
END;

CREATE TRIGGER member_sees_room AFTER INSERT ON room_members
BEGIN
    INSERT INTO page_changes (part, user_id) VALUES ('rooms', NEW.user_id);
END;

CREATE TRIGGER member_sees_room_no_more AFTER DELETE ON room_members
BEGIN
    INSERT INTO page_changes (part, user_id) VALUES ('rooms', OLD.user_id);
END;

CREATE TRIGGER participant_came AFTER INSERT ON room_participants
BEGIN
    INSERT INTO page_changes (part, room_id) VALUES ('people', NEW.room_id);
END;

CREATE TRIGGER participant_left AFTER DELETE ON room_participants
BEGIN
    INSERT INTO page_changes (part, room_id) VALUES ('people', OLD.room_id);
END;

CREATE TRIGGER user_sees_otherwise AFTER UPDATE OF is_guest, is_deleted, is_group_admin ON users
WHEN (OLD.is_guest, OLD.is_deleted, OLD.is_group_admin)
    IS NOT (NEW.is_guest, NEW.is_deleted, NEW.is_group_admin)
BEGIN
    INSERT INTO page_changes (part, user_id) VALUES ('rooms', NEW.id);
END;

CREATE TRIGGER user_named_otherwise AFTER UPDATE OF name, mention_name, is_guest ON users
WHEN (OLD.name, OLD.mention_name, OLD.is_guest)
    IS NOT (NEW.name, NEW.mention_name, NEW.is_guest)
BEGIN
    INSERT INTO page_changes (part) VALUES ('people');
    INSERT INTO page_changes (part, user_id)
    SELECT 'rooms', higher_user_id FROM conversations WHERE lower_user_id = NEW.id
    UNION SELECT 'rooms', lower_user_id FROM conversations WHERE higher_user_id = NEW.id;
END;

CREATE TRIGGER private_chat_begun AFTER UPDATE OF last_active_us ON conversations
WHEN OLD.last_active_us IS NULL AND NEW.lower_user_id IS NOT NULL
BEGIN
    INSERT INTO page_changes (part, user_id)
    VALUES ('rooms', NEW.lower_user_id), ('rooms', NEW.higher_user_id);
END;
