-- 0012 signal: how far a ring came, and who was asked into a call under way.
ALTER TABLE rings ADD COLUMN arrived_at BIGINT;          -- in a browser of the person's, first
ALTER TABLE rings ADD COLUMN seen_at BIGINT;             -- on a screen that was looked at, first
-- NULL unless asked in by somebody who takes part: only these may sit beside the two sides.
ALTER TABLE participants ADD COLUMN invited_by TEXT;
