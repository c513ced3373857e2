-- 0014 lists: every list is read in its own order, page by page, from an index that ends in that order.

-- Where a referral stands on a desk, as one number: most urgent first, then what is due first; what is at
-- its end comes last, newest first. Written by referral::store with Referral::desk_order.
ALTER TABLE referrals ADD COLUMN desk_order BIGINT NOT NULL DEFAULT 0;
UPDATE referrals
   SET desk_order = (CASE WHEN state IN ('closed', 'cancelled', 'expired', 'entered_in_error') THEN 10
                          ELSE urgency_rank END) * 10000000000000000
                    + COALESCE(answer_due_at, 9000000000000000 - state_since);

-- referral::store::page and counts, one shelf each
DROP INDEX referrals_in;
DROP INDEX referrals_out;
DROP INDEX referrals_mine;
CREATE INDEX referrals_in ON referrals (to_facility, state, desk_order, id) WHERE submitted_at IS NOT NULL;
CREATE INDEX referrals_in_for ON referrals (to_department, state, desk_order, id) WHERE submitted_at IS NOT NULL;
CREATE INDEX referrals_out ON referrals (from_facility, state, desk_order, id);
CREATE INDEX referrals_mine ON referrals (from_user, state, desk_order, id);

-- consult::store::lists
DROP INDEX consults_from;
CREATE INDEX consults_from ON consults (from_facility, state_since, id);
CREATE INDEX consults_by ON consults (from_user, state_since, id);
CREATE INDEX consults_taken ON consults (to_user, state_since, id) WHERE to_user IS NOT NULL;
CREATE INDEX consults_chaired ON consults (chair, state_since, id) WHERE chair IS NOT NULL;
-- consult::store::lists, the desk's
CREATE INDEX consults_at ON consults (to_facility, state, state_since);
-- consult::store: what rings or stands in the list, looked at every second
CREATE INDEX consults_asked ON consults (state, kind) WHERE state IN ('requested', 'queued', 'ringing');

-- patients::store: a word that many carry is looked for among those whom the caller may open
DROP INDEX patient_shares_with;
CREATE INDEX patient_shares_with ON patient_shares (facility_id, patient_id) WHERE ended_at IS NULL;
CREATE INDEX patients_of ON patients (home_facility, id);
-- patients::store::recent
CREATE INDEX patient_shares_newest ON patient_shares (facility_id, since) WHERE ended_at IS NULL;
-- patients::store::end_share
CREATE INDEX patient_shares_because ON patient_shares (because) WHERE ended_at IS NULL;

-- journal::looked: the last look of a person at a list that was told to the journal. The same look
-- again within a minute is the same look.
CREATE TABLE list_looks (
    user_id TEXT   NOT NULL,
    list    TEXT   NOT NULL,      -- which list, and by what kinds it was narrowed
    mark    TEXT   NOT NULL,      -- a hash of what was shown
    at      BIGINT NOT NULL,
    PRIMARY KEY (user_id, list)
);
