-- 0006 attachments: files, stored once and linked where they belong.
-- The bytes lie outside the database, sealed; a row is written only after they are on disk.
CREATE TABLE attachments (
    -- Fixed at birth.
    id          TEXT     NOT NULL PRIMARY KEY,
    patient_id  TEXT     NOT NULL REFERENCES patients (id),
    storage_key TEXT     NOT NULL UNIQUE,     -- random; the name of the blob and nothing else
    file_key    BYTEA    NOT NULL,            -- the file's own key, sealed under the vault
    sha256      TEXT     NOT NULL,            -- of the bytes as they were sent, 64 hex digits
    size        BIGINT   NOT NULL CHECK (size > 0),
    kind        TEXT     NOT NULL CHECK (kind IN ('jpeg', 'png', 'webp', 'pdf', 'dicom', 'text')),
    name        BYTEA    NOT NULL,            -- sealed: a file name can name a patient
    picture     BYTEA    NOT NULL,            -- sealed JSON: size in pixels, DICOM header facts
    thumbnail   BIGINT   NOT NULL,            -- bytes of the small picture; 0: there is none
    uploaded_by TEXT     NOT NULL REFERENCES users (id),
    uploaded_at BIGINT   NOT NULL
);

-- Where a file is shown. Escalation copies links, never files; taking a file out of a
-- record ends the link and leaves the file.
CREATE TABLE attachment_links (
    id            TEXT   NOT NULL PRIMARY KEY,
    attachment_id TEXT   NOT NULL REFERENCES attachments (id),
    owner_type    TEXT   NOT NULL CHECK (owner_type IN ('consult', 'referral')),
    owner_id      TEXT   NOT NULL,
    linked_by     TEXT   NOT NULL REFERENCES users (id),
    linked_at     BIGINT NOT NULL,
    removed_at    BIGINT                      -- NULL while the link lives
);
-- attachments::store::of; one living link per file and record
CREATE UNIQUE INDEX attachment_links_of ON attachment_links (owner_type, owner_id, attachment_id)
    WHERE removed_at IS NULL;
