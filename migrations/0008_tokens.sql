-- 0008 tokens: keys with which other programs (a hospital's own system) call the API.

CREATE TABLE api_tokens (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,              -- what the journal calls it
    user_id    TEXT   NOT NULL REFERENCES users (id), -- as whom it acts
    scopes     TEXT   NOT NULL,              -- 'read:consults write:referrals', parted by blanks
    token_hash TEXT   NOT NULL UNIQUE,       -- SHA-256 of the token, which is shown once
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
