-- What messages are found by: their words, folded in Python, with spaces between them.
CREATE TABLE message_texts (
    sequence INTEGER PRIMARY KEY REFERENCES messages (sequence),
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    text TEXT NOT NULL
);

-- What stands in the index. A conversation is one word more: so both are looked up together.
CREATE VIEW message_words_source AS
    SELECT sequence, text, 'c' || conversation_id AS place FROM message_texts;

-- Words are found already, and hits are not ranked: no tables for either are kept.
CREATE VIRTUAL TABLE message_words USING fts5 (
    text, place,
    content = 'message_words_source', content_rowid = 'sequence',
    columnsize = 0, tokenize = 'ascii'
);

-- Texts enter and leave the index at the end of each transaction, all at once: see
-- sqlite_search.py. Up to here they have.
CREATE TABLE message_words_progress (
    last_sequence INTEGER NOT NULL
);

INSERT INTO message_words_progress VALUES (0);

-- Texts that are gone wait here until they leave the index, which needs their words for that.
CREATE TABLE message_words_removed (
    sequence INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    place TEXT NOT NULL
);

CREATE TRIGGER message_texts_removed AFTER DELETE ON message_texts
WHEN old.sequence <= (SELECT last_sequence FROM message_words_progress)
BEGIN
    INSERT INTO message_words_removed
    VALUES (old.sequence, old.text, 'c' || old.conversation_id);
END;

-- `message_text` is hipkit's own: what was said before this index came is found too.
INSERT INTO message_texts (sequence, conversation_id, text)
SELECT sequence, conversation_id, text FROM (
    SELECT sequence, conversation_id, message_text(body, format, card, files.name) AS text
    FROM messages LEFT JOIN files ON files.id = messages.file_id
    WHERE is_deleted = 0
) WHERE text <> '';

CREATE INDEX rooms_by_conversation ON rooms (conversation_id);
