-- 0015 office: what a desk plans with: who looks after a letter, how soon a house promises to
-- answer, and the places it can give.

-- Who at the receiving side looks after the letter; nobody in particular while NULL.
ALTER TABLE referrals ADD COLUMN assigned_to TEXT REFERENCES users (id);
-- How long the receiving side may take, as it promised when its clock was started; 0: as by default.
ALTER TABLE referrals ADD COLUMN answer_within_ms BIGINT NOT NULL DEFAULT 0;
-- When four fifths of that time are gone; NULL while the clock stands still and once answered.
ALTER TABLE referrals ADD COLUMN answer_warn_at BIGINT;
ALTER TABLE referrals ADD COLUMN warned SMALLINT NOT NULL DEFAULT 0 CHECK (warned IN (0, 1));
-- referral::store::nearly_late
CREATE INDEX referrals_nearly_late ON referrals (answer_warn_at) WHERE state = 'submitted' AND warned = 0;

-- How soon a house promises to answer; a house without a row promises what referral::state says.
CREATE TABLE facility_promises (
    facility_id       TEXT   NOT NULL PRIMARY KEY REFERENCES facilities (id),
    emergency_minutes BIGINT NOT NULL CHECK (emergency_minutes BETWEEN 1 AND 1440),
    urgent_minutes    BIGINT NOT NULL CHECK (urgent_minutes BETWEEN 1 AND 10080),
    routine_minutes   BIGINT NOT NULL CHECK (routine_minutes BETWEEN 1 AND 43200),
    version           BIGINT NOT NULL,
    set_at            BIGINT NOT NULL,
    set_by            TEXT   NOT NULL REFERENCES users (id)
);

-- A stretch of time in which a department sees so many patients.
CREATE TABLE slots (
    id            TEXT   NOT NULL PRIMARY KEY,
    department_id TEXT   NOT NULL REFERENCES departments (id),
    starts_at     BIGINT NOT NULL,
    ends_at       BIGINT NOT NULL,
    capacity      BIGINT NOT NULL,
    taken         BIGINT NOT NULL DEFAULT 0,           -- written only by referral::office::store
    UNIQUE (department_id, starts_at),
    CHECK (starts_at < ends_at),
    CHECK (taken >= 0 AND taken <= capacity)
);

-- The beds of one kind in a department.
CREATE TABLE bed_pools (
    id            TEXT   NOT NULL PRIMARY KEY,
    department_id TEXT   NOT NULL REFERENCES departments (id),
    kind          TEXT   NOT NULL,                     -- in the ward's words
    total         BIGINT NOT NULL,
    free          BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    updated_by    TEXT   NOT NULL REFERENCES users (id),
    UNIQUE (department_id, kind),
    CHECK (free >= 0 AND free <= total)
);

-- What is kept for the patient of a leg; at most one of the two.
ALTER TABLE referral_legs ADD COLUMN slot_id TEXT REFERENCES slots (id);
ALTER TABLE referral_legs ADD COLUMN bed_pool_id TEXT REFERENCES bed_pools (id);
