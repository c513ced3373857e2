-- 0002 directory: facilities, departments, the people in them and who is on call.
-- Names and telephones here are those of staff and places, not of patients: they may be read.

CREATE TABLE facilities (
    id          TEXT     NOT NULL PRIMARY KEY,
    name        TEXT     NOT NULL,
    pinyin      TEXT     NOT NULL,           -- whole, lower case, no spaces
    initials    TEXT     NOT NULL,
    level       TEXT     NOT NULL CHECK (level IN ('village', 'township', 'community', 'county', 'tertiary', 'specialised')),
    grade       TEXT,                        -- such as 三级甲等
    region_code TEXT,                        -- GB/T 2260
    org_code    TEXT     UNIQUE,             -- unified social credit code
    phone_24h   TEXT     NOT NULL,
    leads       SMALLINT NOT NULL DEFAULT 0, -- 1: leads the alliance
    active      SMALLINT NOT NULL DEFAULT 1,
    version     BIGINT   NOT NULL DEFAULT 1,
    created_at  BIGINT   NOT NULL
);
-- There is one lead, and directory::lead finds it.
CREATE UNIQUE INDEX facilities_lead ON facilities (leads) WHERE leads = 1;

-- Relations follow from the levels (directory::model::Level::relation_to); a row here was made by
-- hand and wins. 'none': nothing may be sent that way.
CREATE TABLE facility_relations (
    from_facility TEXT NOT NULL REFERENCES facilities (id),
    to_facility   TEXT NOT NULL REFERENCES facilities (id),
    kind          TEXT NOT NULL CHECK (kind IN ('up', 'down', 'peer', 'none')),
    PRIMARY KEY (from_facility, to_facility)
);

CREATE TABLE departments (
    id               TEXT     NOT NULL PRIMARY KEY,
    facility_id      TEXT     NOT NULL REFERENCES facilities (id),
    name             TEXT     NOT NULL,
    pinyin           TEXT     NOT NULL,
    initials         TEXT     NOT NULL,
    dept_code        TEXT,                   -- code of the clinical subject
    scope_text       TEXT     NOT NULL,      -- what it takes and what it does not, shown before the call
    phone            TEXT     NOT NULL,      -- rings when nobody is left on the rota
    accepts_consult  SMALLINT NOT NULL,
    accepts_referral SMALLINT NOT NULL,
    min_dataset      TEXT     NOT NULL,      -- JSON list of fields a consult or letter to it must have
    ring_seconds     BIGINT   NOT NULL,      -- per tier of the rota
    active           SMALLINT NOT NULL DEFAULT 1,
    version          BIGINT   NOT NULL DEFAULT 1,
    created_at       BIGINT   NOT NULL
);
-- directory::departments
CREATE INDEX departments_of ON departments (facility_id);

CREATE TABLE users (
    id         TEXT   NOT NULL PRIMARY KEY,
    login      TEXT   NOT NULL UNIQUE,       -- lower case
    name       TEXT   NOT NULL,
    pinyin     TEXT   NOT NULL,              -- as shown: Lin Qiuyan
    title      TEXT   NOT NULL,
    phone      TEXT,
    status     TEXT   NOT NULL CHECK (status IN ('active', 'suspended')),
    version    BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);

-- What a person is, and where. `n` orders them: the first is the one they act for.
CREATE TABLE user_roles (
    user_id       TEXT   NOT NULL REFERENCES users (id),
    n             BIGINT NOT NULL,
    facility_id   TEXT   NOT NULL REFERENCES facilities (id),
    department_id TEXT            REFERENCES departments (id),
    role          TEXT   NOT NULL CHECK (role IN ('rural_doctor', 'specialist', 'coordinator',
                                                  'facility_admin', 'alliance_admin', 'auditor')),
    status        TEXT   NOT NULL CHECK (status IN ('active', 'invited', 'suspended')),
    PRIMARY KEY (user_id, n)
);
-- directory::desk_of
CREATE INDEX user_roles_facility ON user_roles (facility_id, role);
-- directory::doctors_of
CREATE INDEX user_roles_department ON user_roles (department_id, role);

CREATE TABLE rota_shifts (
    id            TEXT   NOT NULL PRIMARY KEY,
    department_id TEXT   NOT NULL REFERENCES departments (id),
    user_id       TEXT   NOT NULL REFERENCES users (id),
    tier          BIGINT NOT NULL CHECK (tier IN (1, 2)),
    starts_at     BIGINT NOT NULL,
    ends_at       BIGINT NOT NULL,           -- the first moment that is no longer theirs
    CHECK (starts_at < ends_at)
);
-- directory::store::shifts_at
CREATE INDEX rota_shifts_at ON rota_shifts (department_id, ends_at);
