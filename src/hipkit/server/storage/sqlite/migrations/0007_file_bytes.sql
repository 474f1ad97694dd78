-- How many bytes a group's files take, so that nobody has to add them up at each upload.
ALTER TABLE chat_groups ADD COLUMN file_bytes INTEGER NOT NULL DEFAULT 0;

UPDATE chat_groups SET file_bytes = (
    SELECT COALESCE(SUM(size_bytes), 0) FROM files WHERE files.group_id = chat_groups.id
);

CREATE TRIGGER files_added AFTER INSERT ON files
BEGIN
    UPDATE chat_groups SET file_bytes = file_bytes + new.size_bytes WHERE id = new.group_id;
END;

CREATE TRIGGER files_removed AFTER DELETE ON files
BEGIN
    UPDATE chat_groups SET file_bytes = file_bytes - old.size_bytes WHERE id = old.group_id;
END;
