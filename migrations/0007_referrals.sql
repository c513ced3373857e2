-- 0007 referrals: the formal record of a patient's way between two facilities, up or down.
-- Times are Unix milliseconds (UTC). Ids are the text form of kernel::id.
-- BYTEA columns are sealed by the vault; the place is `table/column/id`.

CREATE TABLE referrals (
    -- Fixed at birth.
    id                TEXT     NOT NULL PRIMARY KEY,
    no                TEXT     NOT NULL UNIQUE,                  -- what people say on the telephone: UP-2026-000123
    chain_id          TEXT     NOT NULL,                         -- the first referral of the chain that ties up and down
    parent_id         TEXT     REFERENCES referrals (id),        -- the referral this one answers or continues
    is_return         SMALLINT NOT NULL CHECK (is_return IN (0, 1)),  -- 1: born from the parent's refer_back
    source_consult_id TEXT     REFERENCES consults (id),         -- NULL: written without a call
    direction         TEXT     NOT NULL CHECK (direction IN ('up', 'down', 'peer')),
    patient_id        TEXT     NOT NULL REFERENCES patients (id),
    from_facility     TEXT     NOT NULL REFERENCES facilities (id),
    from_department   TEXT     REFERENCES departments (id),
    from_user         TEXT     NOT NULL REFERENCES users (id),   -- who answers for the letter
    created_at        BIGINT   NOT NULL,
    created_by        TEXT     NOT NULL REFERENCES users (id),   -- who began it: another than from_user when escalated by the specialist

    -- The letter: free while a draft, frozen once sent.
    urgency           TEXT     NOT NULL CHECK (urgency IN ('emergency', 'urgent', 'routine')),
    urgency_rank      BIGINT   NOT NULL CHECK (urgency_rank BETWEEN 0 AND 2),
    requested_service TEXT     CHECK (requested_service IN ('outpatient', 'inpatient', 'emergency', 'exam', 'rehab', 'chronic_followup')),
    reason_codes      TEXT     NOT NULL,                         -- JSON list of codes
    primary_code      TEXT,                                      -- ICD-10 of the first diagnosis, for the statistics
    letter            BYTEA    NOT NULL,                         -- the clinical text, JSON
    snapshot          BYTEA,                                     -- the patient as he was when the letter was sent, JSON

    -- Moves with the workflow; written only by referral::store::save.
    state             TEXT     NOT NULL CHECK (state IN
                      ('draft', 'submitted', 'more_info', 'accepted', 'rejected', 'scheduled', 'no_show', 'arrived',
                       'in_treatment', 'discharged', 'referred_back', 'follow_up', 'cancel_requested', 'closed',
                       'cancelled', 'expired', 'entered_in_error')),
    state_since       BIGINT   NOT NULL,
    last_action       TEXT     NOT NULL,
    last_by           TEXT     REFERENCES users (id),            -- NULL: time itself
    last_at           BIGINT   NOT NULL,
    leg_id            TEXT     NOT NULL,                         -- the current leg
    to_facility       TEXT     NOT NULL REFERENCES facilities (id),   -- of the current leg, for the desk's lists
    to_department     TEXT     NOT NULL REFERENCES departments (id),
    submitted_at      BIGINT,                                    -- NULL until first sent
    answer_from       BIGINT,                                    -- when the answer's clock was started
    answer_due_at     BIGINT,                                    -- NULL while paused and once answered
    paused_at         BIGINT,                                    -- since when the clock stands still
    paused_ms         BIGINT   NOT NULL DEFAULT 0,
    overdue_told      SMALLINT NOT NULL DEFAULT 0 CHECK (overdue_told IN (0, 1)),
    deadline_at       BIGINT,                                    -- when time acts: state::what_time_does
    accepted_at       BIGINT,                                    -- NULL until somebody took the patient
    arrived_at        BIGINT,
    auto_accepted     SMALLINT NOT NULL DEFAULT 0 CHECK (auto_accepted IN (0, 1)),   -- arrived before anybody answered
    unacknowledged    SMALLINT NOT NULL DEFAULT 0 CHECK (unacknowledged IN (0, 1)),  -- closed by time, outcome unread
    plan_ends_at      BIGINT,                                    -- follow-up until
    transport_state   TEXT     NOT NULL CHECK (transport_state IN ('none', 'to_arrange', 'arranged', 'en_route', 'handed_over')),
    outcome_code      TEXT     CHECK (outcome_code IN ('cured', 'improved', 'unchanged', 'worse', 'transferred', 'left', 'died', 'other')),
    outcome           BYTEA,                                     -- what came out of it, JSON
    end_reason        TEXT,                                      -- coded reason of the last ending
    version           BIGINT   NOT NULL DEFAULT 1,

    CHECK (from_facility <> to_facility),
    CHECK ((state IN ('draft', 'cancelled', 'entered_in_error', 'closed')) OR (submitted_at IS NOT NULL)),
    CHECK (submitted_at IS NULL OR snapshot IS NOT NULL)
);

-- The receiving desk's lists: referral::store::list, counts.
CREATE INDEX referrals_in ON referrals (to_facility, state, urgency_rank, answer_due_at);
-- What the sending side sees.
CREATE INDEX referrals_out ON referrals (from_facility, state, urgency_rank, answer_due_at);
CREATE INDEX referrals_mine ON referrals (from_user, state);
-- A patient's referrals, and the live double: referral::store::live_double.
CREATE INDEX referrals_of_patient ON referrals (patient_id, to_department);
-- Up and down of one story.
CREATE INDEX referrals_chain ON referrals (chain_id);
CREATE INDEX referrals_consult ON referrals (source_consult_id);
-- What time has to do: referral::store::due.
CREATE INDEX referrals_deadline ON referrals (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX referrals_overdue ON referrals (answer_due_at) WHERE state = 'submitted' AND overdue_told = 0;

CREATE TABLE referral_legs (
    -- Fixed at birth.
    id               TEXT   NOT NULL PRIMARY KEY,
    referral_id      TEXT   NOT NULL REFERENCES referrals (id),
    seq              BIGINT NOT NULL,
    to_facility      TEXT   NOT NULL REFERENCES facilities (id),
    to_user          TEXT   REFERENCES users (id),

    -- Moves with the workflow.
    to_department    TEXT   NOT NULL REFERENCES departments (id),    -- move_department keeps the earlier ones in moves
    state            TEXT   NOT NULL,                                -- a referral's state, or 'redirected'
    offered_at       BIGINT,
    first_viewed_at  BIGINT,
    first_viewed_by  TEXT   REFERENCES users (id),
    decided_at       BIGINT,
    decided_by       TEXT   REFERENCES users (id),
    decision_code    TEXT,
    ended_at         BIGINT,                                         -- when the referral went on to another leg
    appointment_at   BIGINT,
    arrived_at       BIGINT,
    admitted_at      BIGINT,
    discharged_at    BIGINT,
    moves            TEXT   NOT NULL,                                -- JSON list of {at, by, from}
    words            BYTEA,                                          -- reason, place, instructions, contact, inpatient number; JSON

    UNIQUE (referral_id, seq)
);

-- Whoever held a leg may read its end: referral::store::legs.
CREATE INDEX referral_legs_of ON referral_legs (referral_id, seq);

-- What the two sides say to each other about a referral: questions, answers, notes, visits.
CREATE TABLE referral_notes (
    id          TEXT   NOT NULL PRIMARY KEY,
    referral_id TEXT   NOT NULL REFERENCES referrals (id),
    at          BIGINT NOT NULL,
    author      TEXT   NOT NULL REFERENCES users (id),
    facility    TEXT   NOT NULL REFERENCES facilities (id),
    kind        TEXT   NOT NULL CHECK (kind IN ('question', 'answer', 'interim', 'follow_up', 'cancel', 'error', 'redirect')),
    body        BYTEA  NOT NULL
);

CREATE INDEX referral_notes_of ON referral_notes (referral_id, at);
