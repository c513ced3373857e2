-- 0020 scale: nothing that is asked again and again may walk through a table that grows.

-- journal::seal_some: what is not linked into the chain yet, without passing everything that is
CREATE INDEX journal_unsealed ON journal (seq) WHERE hash IS NULL;

-- A patient's terms are written once and read by term: nobody asks for the terms of a patient.
DROP INDEX search_terms_of;

-- referral::office::store: a slot or a bed that a letter holds is not taken away, which the engine
-- looks after whenever one of them is written
CREATE INDEX referral_legs_slot ON referral_legs (slot_id) WHERE slot_id IS NOT NULL;
CREATE INDEX referral_legs_bed ON referral_legs (bed_pool_id) WHERE bed_pool_id IS NOT NULL;
-- the same for the version that an opinion replaces
CREATE INDEX opinions_replaced ON opinions (supersedes) WHERE supersedes IS NOT NULL;

-- consult::store::people::all_seated, at every start and while calls are watched over
CREATE INDEX participants_seated ON participants (consult_id, user_id)
    WHERE joined_at IS NOT NULL AND left_at IS NULL;

-- hooks::store::hooks_due and sums: how the messages of one address stand
CREATE INDEX hook_deliveries_state ON hook_deliveries (hook_id, state, done_at);

-- stats::store::between: the rows behind a figure, the newest sent first, of everybody or of one doctor
DROP INDEX stats_facts_days;
CREATE INDEX stats_facts_sent ON stats_facts (sent_at, id, last_day, first_day);
CREATE INDEX stats_facts_by ON stats_facts (from_user, sent_at, id, last_day, first_day);

-- Long times are counted in steps from here on (stats::marks): all of it is folded anew from the
-- journal, by the server itself or beforehand by `causeway stats rebuild`.
DELETE FROM stats_sums;
DELETE FROM stats_facts;
DELETE FROM stats_upto;
