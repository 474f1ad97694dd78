-- Scheme and host under which a webhook was set: links in its events begin with that, and not
-- with what the caller who caused an event wrote into their request.
ALTER TABLE webhooks ADD COLUMN root TEXT;
