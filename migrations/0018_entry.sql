-- 0018 entry: what makes writing short, and two records that are one person.

-- Codes of published lists (system `icd10`), imported by the operator.
CREATE TABLE code_values (
    system   TEXT   NOT NULL,
    code     TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    name_en  TEXT,
    -- What it is found by: characters, pinyin and initials, in small letters without signs.
    words    TEXT   NOT NULL,
    spelled  TEXT   NOT NULL,
    initials TEXT   NOT NULL,
    PRIMARY KEY (system, code)
);

-- How often a person (usr-…) or a department (dep-…) wrote a code: theirs come first.
CREATE TABLE code_uses (
    owner   TEXT   NOT NULL,
    system  TEXT   NOT NULL,
    code    TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    uses    BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (owner, system, code)
);
-- entry::store::favourites
CREATE INDEX code_uses_most ON code_uses (owner, system, uses);

-- Phrases a person (usr-…) or a department (dep-…) writes again and again, in their order.
CREATE TABLE phrases (
    owner       TEXT   NOT NULL,
    n           BIGINT NOT NULL,
    place       TEXT   NOT NULL CHECK (place IN ('reason', 'illness', 'treated')),
    reason_code TEXT,
    body        TEXT   NOT NULL,
    PRIMARY KEY (owner, n)
);

-- Two records of one person: the one that is kept, and when. NULL: not merged.
ALTER TABLE patients ADD COLUMN merged_into TEXT;
ALTER TABLE patients ADD COLUMN merged_at BIGINT;
-- patients::store, which shows the records of both under the one that is kept
CREATE INDEX patients_merged ON patients (merged_into) WHERE merged_into IS NOT NULL;
