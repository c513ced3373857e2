-- 0005 consults: a remote consultation from request to opinion.
-- Times are Unix milliseconds (UTC). Ids are the text form of kernel::id. Flags are SMALLINT 0/1.
-- BYTEA columns hold text sealed by kernel::vault at the place `table/column/id`.
CREATE TABLE consults (
    -- Fixed at birth.
    id              TEXT     NOT NULL PRIMARY KEY,
    no              TEXT     NOT NULL UNIQUE,
    patient_id      TEXT     NOT NULL REFERENCES patients (id),
    from_facility   TEXT     NOT NULL REFERENCES facilities (id),
    from_user       TEXT     NOT NULL REFERENCES users (id),
    created_at      BIGINT   NOT NULL,

    -- Written by the author while it is a draft: consult::store::write_letter.
    kind            TEXT     NOT NULL CHECK (kind IN ('instant', 'scheduled', 'mdt', 'async')),
    urgency         TEXT     NOT NULL CHECK (urgency IN ('emergency', 'urgent', 'routine')),
    question        BYTEA    NOT NULL,
    chief_complaint BYTEA,
    history         BYTEA,
    exam            BYTEA,                          -- sealed JSON
    prelim_diagnoses BYTEA,                         -- sealed JSON

    -- Moves with the workflow; written only by consult::store::save.
    to_facility     TEXT     NOT NULL REFERENCES facilities (id),
    to_department   TEXT     NOT NULL REFERENCES departments (id),
    to_user         TEXT              REFERENCES users (id),   -- NULL until somebody takes it
    chair           TEXT              REFERENCES users (id),
    state           TEXT     NOT NULL CHECK (state IN
                    ('draft', 'requested', 'queued', 'ringing', 'accepted', 'scheduled', 'in_progress',
                     'interrupted', 'opinion_given', 'closed', 'missed', 'declined', 'cancelled',
                     'expired', 'entered_in_error')),
    state_since     BIGINT   NOT NULL,
    opened_at       BIGINT,                         -- first sent
    answered_at     BIGINT,                         -- last taken by a doctor
    ended_at        BIGINT,                         -- came to rest
    scheduled_start BIGINT,
    scheduled_end   BIGINT,
    ring_round      BIGINT   NOT NULL DEFAULT 0,    -- how often ringing began
    ring_began      BIGINT,                         -- NULL unless ringing
    close_reason    TEXT,                           -- a code
    close_note      BYTEA,                          -- what was written with it
    unacknowledged  SMALLINT NOT NULL DEFAULT 0,    -- closed by time with an opinion nobody confirmed
    due_at          BIGINT,                         -- when time will do the next thing, NULL if never
    leg             BIGINT   NOT NULL DEFAULT 1,
    version         BIGINT   NOT NULL DEFAULT 1,
    updated_by      TEXT     NOT NULL,              -- name of the last transaction

    CHECK (state IN ('draft', 'cancelled', 'entered_in_error') OR opened_at IS NOT NULL)
);
-- consult::store::mine
CREATE INDEX consults_from ON consults (from_facility, state_since);
-- consult::store::waiting
CREATE INDEX consults_to ON consults (to_department, state, state_since);
-- consult::store::of_patient
CREATE INDEX consults_patient ON consults (patient_id, created_at);
-- consult::store::due
CREATE INDEX consults_due ON consults (due_at) WHERE due_at IS NOT NULL;

-- Where the request went, one row per department that was asked.
CREATE TABLE consult_legs (
    consult_id    TEXT   NOT NULL REFERENCES consults (id),
    seq           BIGINT NOT NULL,
    to_facility   TEXT   NOT NULL REFERENCES facilities (id),
    to_department TEXT   NOT NULL REFERENCES departments (id),
    to_user       TEXT            REFERENCES users (id),
    began_at      BIGINT NOT NULL,
    ended_at      BIGINT,
    ended_as      TEXT CHECK (ended_as IN ('transferred', 'redirected')),
    PRIMARY KEY (consult_id, seq)
);

-- Who was asked by ring, once per person and round.
CREATE TABLE rings (
    id          TEXT   NOT NULL PRIMARY KEY,
    consult_id  TEXT   NOT NULL REFERENCES consults (id),
    round       BIGINT NOT NULL,
    user_id     TEXT   NOT NULL REFERENCES users (id),
    tier        BIGINT NOT NULL CHECK (tier BETWEEN 1 AND 9),
    state       TEXT   NOT NULL CHECK (state IN
                ('ringing', 'accepted', 'declined', 'expired', 'cancelled', 'answered_elsewhere')),
    started_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    ended_at    BIGINT,
    reason_code TEXT,
    UNIQUE (consult_id, round, user_id)
);
-- consult::store::rings_for: what rings at this person now
CREATE INDEX rings_live ON rings (user_id) WHERE state = 'ringing';

-- Who takes part, and who sits in the room just now (left_at NULL).
CREATE TABLE participants (
    id         TEXT   NOT NULL PRIMARY KEY,
    consult_id TEXT   NOT NULL REFERENCES consults (id),
    user_id    TEXT   NOT NULL REFERENCES users (id),
    side       TEXT   NOT NULL CHECK (side IN ('from', 'to', 'other')),
    joined_at  BIGINT,
    left_at    BIGINT,
    UNIQUE (consult_id, user_id)
);
CREATE INDEX participants_user ON participants (user_id, consult_id);

CREATE TABLE messages (
    id            TEXT   NOT NULL PRIMARY KEY,
    consult_id    TEXT   NOT NULL REFERENCES consults (id),
    n             BIGINT NOT NULL,                  -- 1, 2, 3, … within the consult
    author        TEXT            REFERENCES users (id),   -- NULL: the system
    kind          TEXT   NOT NULL CHECK (kind IN ('text', 'system', 'file')),
    body          BYTEA  NOT NULL,
    attachment_id TEXT,
    client_msg_id TEXT,                             -- the sender's own key: said once however often sent
    at            BIGINT NOT NULL,
    UNIQUE (consult_id, n)
);
CREATE UNIQUE INDEX messages_once ON messages (consult_id, author, client_msg_id)
    WHERE client_msg_id IS NOT NULL;

-- Signed versions; the newest counts.
CREATE TABLE opinions (
    id             TEXT   NOT NULL PRIMARY KEY,
    consult_id     TEXT   NOT NULL REFERENCES consults (id),
    version_no     BIGINT NOT NULL,
    author         TEXT   NOT NULL REFERENCES users (id),
    body           BYTEA  NOT NULL,                 -- sealed JSON: conclusion, advice, diagnoses
    next           TEXT   NOT NULL CHECK (next IN ('treat_here', 'refer_up', 'follow_up', 'admit')),
    signed_at      BIGINT NOT NULL,
    content_hash   TEXT   NOT NULL,                 -- SHA-256 over the canonical text, hex
    signature_kind TEXT   NOT NULL CHECK (signature_kind IN ('none', 'local_ed25519')),
    signature      BYTEA,
    reason_code    TEXT,                            -- why an earlier version was replaced
    supersedes     TEXT            REFERENCES opinions (id),
    ack_by         TEXT            REFERENCES users (id),
    ack_at         BIGINT,
    ack_adopted    TEXT CHECK (ack_adopted IN ('full', 'partial', 'no')),
    ack_reason     BYTEA,
    UNIQUE (consult_id, version_no)
);

-- A patient's consent to one thing, or the written reason why an emergency did without.
CREATE TABLE consents (
    id           TEXT   NOT NULL PRIMARY KEY,
    patient_id   TEXT   NOT NULL REFERENCES patients (id),
    subject_type TEXT   NOT NULL CHECK (subject_type IN ('consult', 'referral')),
    subject_id   TEXT   NOT NULL,
    method       TEXT   NOT NULL CHECK (method IN ('paper', 'on_screen', 'verbal_witness', 'override')),
    signer       TEXT CHECK (signer IN ('patient', 'guardian')),
    witness      BYTEA,
    reason       BYTEA,                             -- of an override
    recorded_by  TEXT   NOT NULL REFERENCES users (id),
    signed_at    BIGINT NOT NULL,
    withdrawn_at BIGINT,
    CHECK (method <> 'override' OR reason IS NOT NULL)
);
CREATE INDEX consents_subject ON consents (subject_type, subject_id);

-- Referrals that were written from a consult.
CREATE TABLE consult_referrals (
    consult_id  TEXT   NOT NULL REFERENCES consults (id),
    referral_id TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (consult_id, referral_id)
);
