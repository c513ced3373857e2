-- 0017 paper: what was printed, so that whoever holds a paper can ask whether it is genuine.
-- No word of a patient is here: a keyed digest says whether the record still says the same.

CREATE TABLE papers (
    code             TEXT   NOT NULL PRIMARY KEY, -- on the paper; one for one content of one record
    kind             TEXT   NOT NULL CHECK (kind IN ('out', 'back', 'opinion')),
    subject_id       TEXT   NOT NULL,             -- the referral or the consult
    digest           TEXT   NOT NULL,             -- HMAC of what it says
    first_printed_at BIGINT NOT NULL,
    first_printed_by TEXT   NOT NULL REFERENCES users (id)
);
