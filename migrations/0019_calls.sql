-- 0019 calls: what a call was like, reminders before an agreed time, people who are away.
-- Times are Unix milliseconds (UTC). Ids are the text form of kernel::id. Flags are SMALLINT 0/1.

-- Told once that the agreed time is near. Moves with the workflow: consult::store::save.
ALTER TABLE consults ADD COLUMN reminded SMALLINT NOT NULL DEFAULT 0;

-- Away from work: not rung and not on call meanwhile, whatever the rota says.
CREATE TABLE absences (
    id         TEXT   NOT NULL PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES users (id),
    starts_at  BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL,           -- the first moment back
    entered_by TEXT   NOT NULL REFERENCES users (id),
    entered_at BIGINT NOT NULL,
    CHECK (starts_at < ends_at)
);
-- directory::absence::covering
CREATE INDEX absences_of ON absences (user_id, ends_at);
