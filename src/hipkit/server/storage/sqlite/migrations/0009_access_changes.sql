-- Who may have lost access to what, for streams that are open: whichever process took it away,
-- they are asked again before they get anything more. Only the latest are kept.
CREATE TABLE access_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER,
    room_id INTEGER
);

CREATE TRIGGER access_changes_trimmed AFTER INSERT ON access_changes
BEGIN
    DELETE FROM access_changes WHERE id <= NEW.id - 1000;
END;

CREATE TRIGGER session_ended AFTER DELETE ON web_sessions
BEGIN
    INSERT INTO access_changes (user_id) VALUES (OLD.user_id);
END;

CREATE TRIGGER user_demoted AFTER UPDATE OF is_deleted, is_guest, is_group_admin ON users
WHEN (OLD.is_deleted, OLD.is_guest, OLD.is_group_admin)
    IS NOT (NEW.is_deleted, NEW.is_guest, NEW.is_group_admin)
BEGIN
    INSERT INTO access_changes (user_id) VALUES (NEW.id);
END;

CREATE TRIGGER member_removed AFTER DELETE ON room_members
BEGIN
    INSERT INTO access_changes (user_id) VALUES (OLD.user_id);
END;

CREATE TRIGGER room_closed
AFTER UPDATE OF is_deleted, privacy, is_guest_accessible, guest_key, owner_id,
    delegate_admin_visibility ON rooms
WHEN (OLD.is_deleted, OLD.privacy, OLD.is_guest_accessible, OLD.guest_key, OLD.owner_id,
    OLD.delegate_admin_visibility)
    IS NOT (NEW.is_deleted, NEW.privacy, NEW.is_guest_accessible, NEW.guest_key, NEW.owner_id,
    NEW.delegate_admin_visibility)
BEGIN
    INSERT INTO access_changes (room_id) VALUES (NEW.id);
END;
