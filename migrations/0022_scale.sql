-- 0022 scale: what a list asks of many rows stands in its index, and sums say nothing twice.

-- referral::store::page: a word that many patients carry is looked for along the shelf, and each letter is
-- asked for its patient (and whether it was sent) without being opened.
DROP INDEX referrals_in;
DROP INDEX referrals_in_for;
DROP INDEX referrals_out;
DROP INDEX referrals_mine;
CREATE INDEX referrals_in ON referrals (to_facility, state, desk_order, id, patient_id, submitted_at)
    WHERE submitted_at IS NOT NULL;
CREATE INDEX referrals_in_for ON referrals (to_department, state, desk_order, id, patient_id, submitted_at)
    WHERE submitted_at IS NOT NULL;
CREATE INDEX referrals_out ON referrals (from_facility, state, desk_order, id, patient_id);
CREATE INDEX referrals_mine ON referrals (from_user, state, desk_order, id, patient_id);

-- patients::store::find: the same, of the patients of a house
DROP INDEX patients_of;
CREATE INDEX patients_of ON patients (home_facility, id, merged_into);

-- stats::sums: a row says what is counted once for all the values of it, instead of once for each. All of
-- it is folded anew from the journal, by the server itself or beforehand by `causeway stats rebuild`.
DELETE FROM stats_sums;
DELETE FROM stats_facts;
DELETE FROM stats_upto;
