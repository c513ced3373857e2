-- 0011 statistics: what the figures are read from. All of it is folded from the journal by
-- stats::fold and can be made again by `causeway stats rebuild`; nothing here is a record.
-- Times are Unix milliseconds (UTC); a day is counted from 1970-01-01 in the clinics' zone (UTC+8).

-- How far the journal was folded.
CREATE TABLE stats_upto (
    name TEXT   NOT NULL PRIMARY KEY,             -- 'journal'
    seq  BIGINT NOT NULL,
    at   BIGINT NOT NULL                          -- of that entry
);

-- One referral, consult or export as far as figures need it: ids, codes and times, never a word of a letter.
CREATE TABLE stats_facts (
    id            TEXT     NOT NULL PRIMARY KEY,  -- ref-…, con-… or exp-<entry>
    kind          TEXT     NOT NULL CHECK (kind IN ('referral', 'consult', 'export')),
    patient_id    TEXT,
    from_facility TEXT,
    from_user     TEXT,
    to_facility   TEXT,                           -- of the newest leg
    to_department TEXT,
    direction     TEXT     NOT NULL,              -- '' unless a referral
    urgency       TEXT     NOT NULL,
    sent_at       BIGINT,                         -- NULL until first sent
    waits         SMALLINT NOT NULL DEFAULT 0 CHECK (waits IN (0, 1)),   -- sent, and nobody has answered
    first_day     BIGINT,                         -- first and last day on which it counts for something
    last_day      BIGINT,
    fact          TEXT     NOT NULL               -- stats::fact, JSON
);
-- stats::store::of_patient: what a later letter says about an earlier one
CREATE INDEX stats_facts_patient ON stats_facts (patient_id);
-- stats::store::waiting: what is not answered yet
CREATE INDEX stats_facts_waits ON stats_facts (sent_at) WHERE waits = 1;
-- stats::store::behind: the rows behind a figure
CREATE INDEX stats_facts_days ON stats_facts (last_day, first_day);

-- The sums, one row for each day (or month) of each scope; a page reads a handful of rows.
CREATE TABLE stats_sums (
    scope  TEXT   NOT NULL,                       -- 'all', 'f:fac-…', 'd:dep-…', 'u:usr-…'
    grain  TEXT   NOT NULL CHECK (grain IN ('day', 'month')),
    bucket BIGINT NOT NULL,                       -- day, or year * 12 + month - 1
    sums   TEXT   NOT NULL,                       -- lines: measure, value, direction, urgency, count
    PRIMARY KEY (scope, grain, bucket)
);
