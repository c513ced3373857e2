-- 0013 people: one-time links by which people set their passwords, and signed-in browsers as their owners see them.

-- Nobody ever knows another person's password: whoever enters or resets an account hands over a link.
-- An account that still waits for its first password has credentials.changed_at = 0 and a hash nothing fits.
CREATE TABLE password_links (
    token_hash TEXT   NOT NULL PRIMARY KEY,            -- SHA-256 of what stands behind the # of the link
    user_id    TEXT   NOT NULL REFERENCES users (id),
    made_by    TEXT            REFERENCES users (id),  -- NULL: from the operator's terminal
    made_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
-- auth::links: the ones before are void
CREATE INDEX password_links_user ON password_links (user_id);

-- Browser and system in two words, such as "Firefox, Windows"; never the whole header, never an address.
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
-- Written at most every five minutes; 0: not since it was opened.
ALTER TABLE sessions ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
