-- 0010 consent: who signed what text, how it looks, how it ended, and who looked at an override.
-- Until now a row told how and when; a referral's consent lay in its letter alone.
ALTER TABLE consents ADD COLUMN facility_id  TEXT REFERENCES facilities (id);   -- where it was taken; NULL before 0010
ALTER TABLE consents ADD COLUMN record_no    TEXT;      -- the record's number as people say it
ALTER TABLE consents ADD COLUMN signer_name  BYTEA;     -- a guardian's; the patient's own stands in the patient
ALTER TABLE consents ADD COLUMN relation     TEXT CHECK (relation IN ('spouse', 'parent', 'child', 'sibling', 'other'));
ALTER TABLE consents ADD COLUMN text_version BIGINT;    -- of consents::texts; NULL: a paper of the hospital's own
ALTER TABLE consents ADD COLUMN text_lang    TEXT CHECK (text_lang IN ('zh', 'en'));
ALTER TABLE consents ADD COLUMN text_hash    TEXT;      -- SHA-256 of the text that was read, hex
ALTER TABLE consents ADD COLUMN signature    BYTEA;     -- sealed JSON: the strokes on the screen
ALTER TABLE consents ADD COLUMN photo_id     TEXT REFERENCES attachments (id);  -- the paper, photographed
ALTER TABLE consents ADD COLUMN reason_code  TEXT CHECK (reason_code IN ('unconscious', 'nobody_reached', 'no_time', 'other'));
ALTER TABLE consents ADD COLUMN effective_at BIGINT;    -- when the record was sent with it; NULL: only drafted
ALTER TABLE consents ADD COLUMN ended_as     TEXT CHECK (ended_as IN ('replaced', 'withdrawn'));
ALTER TABLE consents ADD COLUMN ended_by     TEXT REFERENCES users (id);        -- who wrote the withdrawal down
ALTER TABLE consents ADD COLUMN ended_wish   TEXT CHECK (ended_wish IN ('patient', 'guardian'));  -- who wished it
ALTER TABLE consents ADD COLUMN ended_note   BYTEA;
ALTER TABLE consents ADD COLUMN reviewed_at  BIGINT;    -- of an override
ALTER TABLE consents ADD COLUMN reviewed_by  TEXT REFERENCES users (id);
ALTER TABLE consents ADD COLUMN finding      TEXT CHECK (finding IN ('justified', 'not_justified'));
ALTER TABLE consents ADD COLUMN finding_note BYTEA;

-- What ended before was replaced: nobody could withdraw.
UPDATE consents SET ended_as = 'replaced' WHERE withdrawn_at IS NOT NULL;

-- consents::store::overrides
CREATE INDEX consents_overrides ON consents (facility_id, effective_at) WHERE method = 'override';
