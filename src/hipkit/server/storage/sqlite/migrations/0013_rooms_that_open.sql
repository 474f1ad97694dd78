-- Whoever comes to see a room has not missed what was said in it before: everybody when a room
-- becomes public, and a new administrator of the group in its private rooms.
CREATE TRIGGER everybody_begins_to_read AFTER UPDATE OF privacy ON rooms
WHEN OLD.privacy = 'private' AND NEW.privacy = 'public'
BEGIN
    INSERT INTO read_marks (user_id, conversation_id, read_us)
    SELECT users.id, conversations.id, COALESCE(conversations.last_active_us, 0)
    FROM users JOIN conversations ON conversations.id = NEW.conversation_id
    WHERE users.group_id = NEW.group_id AND users.is_guest = 0 AND users.is_group_admin = 0
        AND users.id <> OLD.owner_id AND NOT EXISTS (
            SELECT 1 FROM room_members
            WHERE room_members.room_id = NEW.id AND room_members.user_id = users.id)
    ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER administrator_begins_to_read AFTER UPDATE OF is_group_admin ON users
WHEN OLD.is_group_admin = 0 AND NEW.is_group_admin = 1
BEGIN
    INSERT INTO read_marks (user_id, conversation_id, read_us)
    SELECT NEW.id, conversations.id, COALESCE(conversations.last_active_us, 0)
    FROM rooms JOIN conversations ON conversations.id = rooms.conversation_id
    WHERE rooms.group_id = NEW.group_id AND rooms.privacy = 'private' AND rooms.is_deleted = 0
        AND rooms.owner_id <> NEW.id AND NOT EXISTS (
            SELECT 1 FROM room_members
            WHERE room_members.room_id = rooms.id AND room_members.user_id = NEW.id)
    ON CONFLICT DO NOTHING;
END;

-- A room that becomes private makes members of the people in it: they saw it before, and what
-- they have not read stays unread.
DROP TRIGGER member_begins_to_read;
CREATE TRIGGER member_begins_to_read AFTER INSERT ON room_members
BEGIN
    INSERT INTO read_marks (user_id, conversation_id, read_us)
    SELECT NEW.user_id, conversations.id, COALESCE(conversations.last_active_us, 0)
    FROM rooms JOIN conversations ON conversations.id = rooms.conversation_id
    WHERE rooms.id = NEW.room_id AND (rooms.privacy = 'private' OR EXISTS (
        SELECT 1 FROM users WHERE users.id = NEW.user_id AND users.is_guest = 1))
        AND NOT EXISTS (
            SELECT 1 FROM room_participants
            WHERE room_participants.room_id = NEW.room_id
                AND room_participants.user_id = NEW.user_id)
    ON CONFLICT DO NOTHING;
END;
