-- 0016 hooks: what other systems are told, and whether it reached them; when an API token was last used.

-- An address of a facility's own system that is told of rings and urgent referrals.
CREATE TABLE hooks (
    id          TEXT   NOT NULL PRIMARY KEY,
    facility_id TEXT   NOT NULL REFERENCES facilities (id),
    url         BYTEA  NOT NULL,             -- sealed: some receivers put a key into their address
    url_term    TEXT   NOT NULL,             -- finds the same address again
    events      TEXT   NOT NULL,             -- 'ring urgent_referral', parted by blanks
    secret      BYTEA  NOT NULL,             -- sealed; signs what is sent
    old_secret  BYTEA,                       -- the one before, which signs too until old_until
    old_until   BIGINT,
    standing    TEXT   NOT NULL CHECK (standing IN ('active', 'paused', 'removed')),
    version     BIGINT NOT NULL DEFAULT 1,
    created_at  BIGINT NOT NULL,
    created_by  TEXT   NOT NULL REFERENCES users (id)
);
-- hooks::store::add: one address once for each facility
CREATE UNIQUE INDEX hooks_url ON hooks (facility_id, url_term) WHERE standing <> 'removed';

-- One message to one address. The id is the header webhook-id, the same at every try.
CREATE TABLE hook_deliveries (
    id          TEXT   NOT NULL PRIMARY KEY,
    hook_id     TEXT   NOT NULL REFERENCES hooks (id),
    event       TEXT   NOT NULL,
    journal_seq BIGINT,                      -- the entry it tells of; NULL: a test
    body        TEXT   NOT NULL,             -- JSON: ids and codes, never anything about a patient
    state       TEXT   NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    tries       BIGINT NOT NULL DEFAULT 0,
    round       BIGINT NOT NULL DEFAULT 0,   -- tries since it was last sent on its way
    next_at     BIGINT NOT NULL,
    held_until  BIGINT NOT NULL DEFAULT 0,   -- a node is at work on it until then, or has died
    created_at  BIGINT NOT NULL,
    done_at     BIGINT,
    UNIQUE (hook_id, journal_seq)
);
-- hooks::store::due
CREATE INDEX hook_deliveries_due ON hook_deliveries (next_at) WHERE state = 'waiting';
-- hooks::store::deliveries
CREATE INDEX hook_deliveries_of ON hook_deliveries (hook_id, id);

-- Every try, with what came of it: a status, or a code for why there was none.
CREATE TABLE hook_tries (
    delivery_id TEXT   NOT NULL REFERENCES hook_deliveries (id),
    n           BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    took_ms     BIGINT NOT NULL,
    status      BIGINT,
    fault       TEXT,
    PRIMARY KEY (delivery_id, n)
);

-- How far the journal was read for messages. What happened before this step is not told any more.
CREATE TABLE hook_reader (
    name TEXT   NOT NULL PRIMARY KEY,
    seq  BIGINT NOT NULL
);
INSERT INTO hook_reader (name, seq)
SELECT 'journal', COALESCE(MAX(n), 0) FROM counters WHERE name = 'journal';

ALTER TABLE api_tokens ADD COLUMN used_at BIGINT;
