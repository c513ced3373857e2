//! Folding the journal: as it grows, and anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{fact::Fact, sent::Word, store, sums::Changes};
use crate::{
    ctx::Ctx,
    journal::{self, Recorded},
    kernel::PatientId,
    patients,
    store::{Result, WriteTx},
};

/// Entries folded in one transaction: others wait to write for as long.
const AT_ONCE: i64 = 500;
/// The same while nobody waits for the statistics: a letter moves for about ten days, and the
/// larger the bite, the less often its fact and the sums of a day are written anew.
const ANEW_AT_ONCE: i64 = 200_000;
/// Entries read at once.
const PAGE: i64 = 2_000;

/// Facts that a batch has touched, as they were and as they are.
#[derive(Default)]
struct Touched {
    facts: HashMap<String, (Option<Fact>, Option<Fact>)>,
    /// Which facts each patient had when the batch began, and which were touched since.
    of_patient: HashMap<String, BTreeSet<String>>,
    /// All records of each patient who was asked about: one, if they were entered once.
    records: HashMap<String, Vec<String>>,
}

impl Touched {
    /// Reads what a page of entries will touch, in a few questions instead of one for each.
    async fn know(&mut self, tx: &mut WriteTx, entries: &[Recorded]) -> Result<()> {
        let about = entries.iter().filter_map(|entry| match entry.action.as_str() {
            "referral.submit" if entry.payload["direction"].as_str() == Some("up") => {
                entry.payload["patient"].as_str()
            }
            "patient.merge" | "patient.unmerge" => Some(entry.entity_id.as_str()),
            _ => None,
        });
        let asked: BTreeSet<PatientId> = about.filter_map(|id| id.parse().ok()).collect();
        let merged = patients::merged_with(tx, &asked.iter().copied().collect::<Vec<_>>()).await?;
        let under: BTreeMap<PatientId, PatientId> = merged.into_iter().collect();
        let all: BTreeSet<PatientId> =
            asked.into_iter().chain(under.iter().flat_map(|(one, kept)| [*one, *kept])).collect();
        let mut persons: BTreeMap<PatientId, Vec<String>> = BTreeMap::new();
        for id in &all {
            persons.entry(*under.get(id).unwrap_or(id)).or_default().push(id.to_string());
        }
        for records in persons.into_values() {
            self.records.extend(records.iter().map(|record| (record.clone(), records.clone())));
        }
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        let mut ids: BTreeSet<String> =
            entries.iter().filter_map(|entry| Fact::of(entry).map(|(id, _)| id)).collect();
        for (patient, id) in
            store::of_patients(tx, &all.iter().map(String::as_str).collect::<Vec<_>>()).await?
        {
            self.of_patient.entry(patient).or_default().insert(id.clone());
            ids.insert(id);
        }
        let fresh: Vec<String> = ids.into_iter().filter(|id| !self.facts.contains_key(id)).collect();
        let found = store::facts(tx, &fresh).await?;
        self.facts.extend(fresh.into_iter().map(|id| (id, (None, None))));
        for (id, fact) in found {
            self.facts.insert(id, (Some(fact.clone()), Some(fact)));
        }
        Ok(())
    }

    /// A fact as it stands now.
    async fn get(&mut self, tx: &mut WriteTx, id: &str) -> Result<&mut Option<Fact>> {
        if !self.facts.contains_key(id) {
            let found = store::fact(tx, id).await?;
            self.facts.insert(id.to_owned(), (found.clone(), found));
        }
        Ok(&mut self.facts.get_mut(id).expect("it was put in just now").1)
    }

    /// The facts of one person, whichever of their records they were written for.
    fn of_person(&self, patient: &str) -> Vec<String> {
        let records = self.records.get(patient).into_iter().flatten();
        let ids: BTreeSet<&String> =
            records.filter_map(|record| self.of_patient.get(record)).flatten().collect();
        ids.into_iter().cloned().collect()
    }

    /// Notes whose fact it is.
    fn belongs(&mut self, id: &str) {
        let Some(patient) = self.facts.get(id).and_then(|(_, after)| after.as_ref()).map(Fact::patient)
        else {
            return;
        };
        match self.of_patient.get_mut(patient) {
            Some(ids) if ids.contains(id) => {}
            Some(ids) => {
                ids.insert(id.to_owned());
            }
            None => {
                let patient = patient.to_owned();
                self.of_patient.insert(patient, BTreeSet::from([id.to_owned()]));
            }
        }
    }
}

/// Folds what was written since the last time; says how many entries.
///
/// # Errors
/// If the store cannot be read or written; nothing is half folded then.
pub async fn catch_up(ctx: &Ctx) -> Result<u64> {
    let mut folded = 0;
    loop {
        let n = some(ctx, AT_ONCE).await?;
        folded += n;
        if n < AT_ONCE as u64 {
            return Ok(folded);
        }
    }
}

/// Forgets what was folded and folds the journal from its first entry.
///
/// # Errors
/// As [`catch_up`]. Broken off half-way, the server goes on from there.
pub async fn rebuild(ctx: &Ctx) -> Result<u64> {
    let mut tx = ctx.db.write_quiet("stats.forget").await?;
    store::forget(&mut tx).await?;
    tx.commit().await?;
    let mut folded = 0;
    loop {
        let n = some(ctx, ANEW_AT_ONCE).await?;
        folded += n;
        if n < ANEW_AT_ONCE as u64 {
            return Ok(folded);
        }
    }
}

async fn some(ctx: &Ctx, limit: i64) -> Result<u64> {
    let mut tx = ctx.db.read().await?;
    let (before, _) = store::upto(&mut tx).await?;
    if journal::newest(&mut tx).await? <= before {
        return Ok(0);
    }
    drop(tx);
    let mut tx = ctx.db.write_quiet("stats.fold").await?;
    let upto = store::hold(&mut tx).await?;
    let (mut folded, mut last) = (0, None);
    let mut touched = Touched::default();
    while folded < limit {
        let after = last.map_or(upto, |(seq, _)| seq);
        let asked = PAGE.min(limit - folded);
        let entries = journal::entries_after(&mut tx, after, asked).await?;
        let Some(end) = entries.last() else { break };
        last = Some((end.seq, end.at));
        folded += entries.len() as i64;
        touched.know(&mut tx, &entries).await?;
        for entry in &entries {
            fold(&mut tx, &mut touched, entry).await?;
        }
        if (entries.len() as i64) < asked {
            break;
        }
    }
    let Some((seq, at)) = last else { return Ok(0) };
    let mut changes = Changes::default();
    let mut facts: BTreeMap<&String, &Fact> = BTreeMap::new();
    for (id, (before, after)) in &touched.facts {
        if before == after {
            continue;
        }
        if let Some(before) = before {
            changes.count(before, -1);
        }
        if let Some(after) = after {
            changes.count(after, 1);
            facts.insert(id, after);
        }
    }
    store::save_facts(&mut tx, &facts.into_iter().collect::<Vec<_>>()).await?;
    store::add_sums(&mut tx, &changes).await?;
    store::set_upto(&mut tx, seq, at).await?;
    tx.commit().await?;
    Ok(folded.unsigned_abs())
}

async fn fold(tx: &mut WriteTx, touched: &mut Touched, entry: &Recorded) -> Result<()> {
    if matches!(entry.action.as_str(), "patient.merge" | "patient.unmerge") {
        return pair_anew(tx, touched, &entry.entity_id).await;
    }
    let Some((id, empty)) = Fact::of(entry) else { return Ok(()) };
    let fact = touched.get(tx, &id).await?;
    let words = fact.get_or_insert(empty).take(entry);
    touched.belongs(&id);
    for word in words {
        for other in meant(touched, &word) {
            if let Some(fact) = touched.get(tx, &other).await?.as_mut().filter(|_| id != other) {
                fact.hear(&word);
            }
        }
    }
    Ok(())
}

/// The records that a word is about.
fn meant(touched: &Touched, word: &Word) -> Vec<String> {
    match word {
        Word::Back { parent, .. } => vec![parent.clone()],
        Word::FromConsult { consult } => vec![consult.clone()],
        Word::Up { patient, .. } => touched.of_person(patient),
    }
}

/// Two records were found to be one person, or not to be: what was paired under them is paired
/// anew. Both records have this entry, so that both sides of an undo come to it.
async fn pair_anew(tx: &mut WriteTx, touched: &mut Touched, patient: &str) -> Result<()> {
    let ids = touched.of_person(patient);
    let mut ups = Vec::new();
    for id in &ids {
        if let Some(fact) = touched.get(tx, id).await? {
            fact.unpair();
            if let Some((department, at)) = fact.up() {
                let (patient, department) = (fact.patient().to_owned(), department.to_owned());
                ups.push((at, id, Word::Up { patient, department, at }));
            }
        }
    }
    ups.sort_by_key(|(at, ..)| *at);
    for (_, from, word) in &ups {
        for id in ids.iter().filter(|id| id != from) {
            if let Some(fact) = touched.get(tx, id).await? {
                fact.hear(word);
            }
        }
    }
    Ok(())
}
