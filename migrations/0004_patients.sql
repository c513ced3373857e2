-- 0004 patients: the person, found again. Nothing about a person lies here in clear.

CREATE TABLE patients (
    -- Fixed at birth.
    id            TEXT   NOT NULL PRIMARY KEY,
    home_facility TEXT   NOT NULL REFERENCES facilities (id),
    created_by    TEXT   NOT NULL REFERENCES users (id),
    created_at    BIGINT NOT NULL,
    -- Moves.
    sealed        BYTEA  NOT NULL,           -- patients::store::Sheet, sealed for this row
    identity_term TEXT   UNIQUE,             -- HMAC of the identity number; NULL: none known
    version       BIGINT NOT NULL DEFAULT 1,
    updated_at    BIGINT NOT NULL
);
-- patients::recent
CREATE INDEX patients_home ON patients (home_facility, updated_at);

-- HMACs of what a person may be found by (name, prefixes, pairs of characters, pinyin,
-- initials, telephone, identity number, record number): matched by equality only.
CREATE TABLE search_terms (
    kind      TEXT NOT NULL,
    term      TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    PRIMARY KEY (kind, term, entity_id)
);
-- patients::store::save, which writes them anew
CREATE INDEX search_terms_of ON search_terms (kind, entity_id);

-- Who else may open a patient, besides the facility that entered them: a consult or referral
-- that is under way towards a department. Written by those rooms through patients::share.
CREATE TABLE patient_shares (
    patient_id    TEXT   NOT NULL REFERENCES patients (id),
    because       TEXT   NOT NULL,           -- con-… or ref-…
    facility_id   TEXT   NOT NULL REFERENCES facilities (id),
    department_id TEXT            REFERENCES departments (id), -- NULL: every clinical role there
    since         BIGINT NOT NULL,
    ended_at      BIGINT,
    PRIMARY KEY (patient_id, because, facility_id)
);
-- patients::store::visible
CREATE INDEX patient_shares_with ON patient_shares (facility_id, ended_at);
