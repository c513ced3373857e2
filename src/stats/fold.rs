//! Folding the journal: as it grows, and anew.

use std::collections::{BTreeMap, HashMap};

use super::{fact::Fact, sent::Word, store, sums::Changes};
use crate::{
    ctx::Ctx,
    journal::{self, Recorded},
    store::{Result, WriteTx},
};

/// Entries folded in one transaction: others wait to write for as long.
const AT_ONCE: i64 = 500;

/// Facts that a batch has touched, as they were and as they are.
#[derive(Default)]
struct Touched(HashMap<String, (Option<Fact>, Option<Fact>)>);

impl Touched {
    /// A fact as it stands now.
    async fn get(&mut self, tx: &mut WriteTx, id: &str) -> Result<&mut Option<Fact>> {
        if !self.0.contains_key(id) {
            let found = store::fact(tx, id).await?;
            self.0.insert(id.to_owned(), (found.clone(), found));
        }
        Ok(&mut self.0.get_mut(id).expect("it was put in just now").1)
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
        // Nobody waits for the statistics: larger bites write each row less often.
        let n = some(ctx, 10 * AT_ONCE).await?;
        folded += n;
        if n < 10 * AT_ONCE as u64 {
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
    let entries = journal::entries_after(&mut tx, upto, limit).await?;
    let Some(last) = entries.last() else { return Ok(0) };
    let mut touched = Touched::default();
    for entry in &entries {
        fold(&mut tx, &mut touched, entry).await?;
    }
    let mut changes = Changes::default();
    let mut facts: BTreeMap<&String, &Fact> = BTreeMap::new();
    for (id, (before, after)) in &touched.0 {
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
    for (id, fact) in facts {
        store::save_fact(&mut tx, id, fact).await?;
    }
    for (shelf, lines) in &changes.0 {
        store::add_sums(&mut tx, shelf, lines).await?;
    }
    store::set_upto(&mut tx, last.seq, last.at).await?;
    tx.commit().await?;
    Ok(entries.len() as u64)
}

async fn fold(tx: &mut WriteTx, touched: &mut Touched, entry: &Recorded) -> Result<()> {
    let Some((id, empty)) = Fact::of(entry) else { return Ok(()) };
    let fact = touched.get(tx, &id).await?;
    let words = fact.get_or_insert(empty).take(entry);
    for word in words {
        for other in meant(tx, touched, &word).await? {
            if let Some(fact) = touched.get(tx, &other).await?.as_mut().filter(|_| id != other) {
                fact.hear(&word);
            }
        }
    }
    Ok(())
}

/// The records that a word is about.
async fn meant(tx: &mut WriteTx, touched: &Touched, word: &Word) -> Result<Vec<String>> {
    match word {
        Word::Back { parent, .. } => Ok(vec![parent.clone()]),
        Word::FromConsult { consult } => Ok(vec![consult.clone()]),
        Word::Up { patient, .. } => {
            let mut ids = store::of_patient(tx, patient).await?;
            // Those that this batch has made are not in the store yet.
            let fresh = touched
                .0
                .iter()
                .filter(|(_, (_, after))| after.as_ref().is_some_and(|fact| fact.patient() == patient));
            ids.extend(fresh.map(|(id, _)| id.clone()));
            ids.sort_unstable();
            ids.dedup();
            Ok(ids)
        }
    }
}
