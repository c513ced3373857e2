-- 0001 foundation: what every room leans on.
-- Times are Unix milliseconds (UTC). Ids are the text form of kernel::id. Flags are SMALLINT 0/1.

-- Numbers given out one by one, in the order of commits (store::WriteTx::next_number).
CREATE TABLE counters (
    name TEXT   NOT NULL PRIMARY KEY,
    n    BIGINT NOT NULL
);

-- What happened, once. Append-only: rows are inserted by journal::append and then only
-- receive their hash from the sealer.
CREATE TABLE journal (
    seq         BIGINT NOT NULL PRIMARY KEY,
    at          BIGINT NOT NULL,
    actor       TEXT   NOT NULL,             -- usr-… or 'system'
    facility_id TEXT,                        -- for whom the actor acted
    entity_type TEXT   NOT NULL,
    entity_id   TEXT   NOT NULL,
    action      TEXT   NOT NULL,             -- room.verb
    from_state  TEXT,
    to_state    TEXT,
    reason_code TEXT,
    payload     TEXT   NOT NULL,             -- JSON: ids and codes, never clinical text
    request_id  TEXT,
    prev_hash   BYTEA,                       -- NULL until sealed
    hash        BYTEA
);
-- journal::history
CREATE INDEX journal_entity ON journal (entity_type, entity_id, seq);

-- Each person's numbered view of the journal: the source of every `evt` frame.
CREATE TABLE inbox (
    user_id     TEXT   NOT NULL,
    n           BIGINT NOT NULL,
    journal_seq BIGINT NOT NULL REFERENCES journal (seq),
    PRIMARY KEY (user_id, n)
);
-- signal::hub, what is new since the last bell
CREATE INDEX inbox_seq ON inbox (journal_seq);

CREATE TABLE inbox_heads (
    user_id TEXT   NOT NULL PRIMARY KEY,
    n       BIGINT NOT NULL
);

-- Answers already given, by the caller's own key (Idempotency-Key, or `op` on the socket).
CREATE TABLE idempotency_keys (
    user_id      TEXT   NOT NULL,
    key          TEXT   NOT NULL,
    request_hash TEXT   NOT NULL,
    status       BIGINT,                     -- NULL while the first request is at work
    answer       BYTEA,                      -- sealed: an answer can hold clinical text
    version      BIGINT,                     -- of the record in the answer, for its ETag
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
);
-- jobs: forget after 72 h
CREATE INDEX idempotency_age ON idempotency_keys (created_at);
