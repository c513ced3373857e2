-- 0021 office: the relations of a house have a version of their own; messages that are done are let go.
-- Times are Unix milliseconds (UTC). Ids are the text form of kernel::id.

-- Counts changes of what was set by hand for this facility: two administrators do not overwrite each other.
ALTER TABLE facilities ADD COLUMN relations_version BIGINT NOT NULL DEFAULT 0;

-- hooks::store::let_go
CREATE INDEX hook_deliveries_done ON hook_deliveries (done_at) WHERE state <> 'waiting';
