-- 0003 auth: accounts, signed-in browsers, and who can be reached just now.

CREATE TABLE credentials (
    user_id       TEXT   NOT NULL PRIMARY KEY REFERENCES users (id),
    password_hash TEXT   NOT NULL,           -- argon2id, PHC string
    stamp         BIGINT NOT NULL DEFAULT 1, -- raised by every change of password or role: older sessions die
    changed_at    BIGINT NOT NULL
);

CREATE TABLE sessions (
    id         TEXT   NOT NULL PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES users (id),
    token_hash TEXT   NOT NULL UNIQUE,       -- SHA-256 of what the cookie holds
    stamp      BIGINT NOT NULL,              -- credentials.stamp at sign-in
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
-- auth::store::end_all
CREATE INDEX sessions_user ON sessions (user_id);
-- jobs: forget what has expired
CREATE INDEX sessions_age ON sessions (expires_at);

-- Failed sign-ins, by an HMAC of the name that was typed: a name that does not exist is
-- slowed down like one that does.
CREATE TABLE sign_in_tries (
    login_term TEXT   NOT NULL PRIMARY KEY,
    failures   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL
);

-- The one-time link with which the first administrator sets the house up.
CREATE TABLE setup_links (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);

-- What a person says about themselves, and until when their line is known to be there.
CREATE TABLE presence (
    user_id     TEXT   NOT NULL PRIMARY KEY REFERENCES users (id),
    state       TEXT   NOT NULL CHECK (state IN ('available', 'busy', 'on_break', 'off')),
    since       BIGINT NOT NULL,
    lease_until BIGINT NOT NULL              -- renewed by every open socket; in the past: nobody is there
);
