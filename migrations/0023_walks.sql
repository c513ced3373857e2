-- 0023 walks: a word that many patients carry is looked for along a shelf in the order of the desk.

-- referral::store::page: the walk asks each letter for its state and its patient without opening it
CREATE INDEX referrals_in_walk ON referrals (to_facility, desk_order, id, state, patient_id, submitted_at)
    WHERE submitted_at IS NOT NULL;
CREATE INDEX referrals_in_for_walk ON referrals (to_department, desk_order, id, state, patient_id, submitted_at)
    WHERE submitted_at IS NOT NULL;
CREATE INDEX referrals_out_walk ON referrals (from_facility, desk_order, id, state, patient_id);

-- and the tabs and their counts, which ask for states, need no patient any more
DROP INDEX referrals_in;
DROP INDEX referrals_in_for;
DROP INDEX referrals_out;
DROP INDEX referrals_mine;
CREATE INDEX referrals_in ON referrals (to_facility, state, desk_order, id, submitted_at)
    WHERE submitted_at IS NOT NULL;
CREATE INDEX referrals_in_for ON referrals (to_department, state, desk_order, id, submitted_at)
    WHERE submitted_at IS NOT NULL;
CREATE INDEX referrals_out ON referrals (from_facility, state, desk_order, id);
CREATE INDEX referrals_mine ON referrals (from_user, state, desk_order, id);

-- referral::store::page: letters of patients who were found are looked up, and asked where they stand and whose
-- they are without opening them: what is sealed in a letter lies before all that
DROP INDEX referrals_of_patient;
CREATE INDEX referrals_of_patient ON referrals (patient_id, to_department, to_facility, from_facility, from_user,
    state, desk_order, id, submitted_at, direction, assigned_to);
