//! The rows behind a figure: which records it counted. Numbers and times, no patient.

use super::{
    answer::Row,
    calendar,
    fact::Fact,
    hidden,
    marks::marks,
    page::{Error, Places, Question, Wanted, question},
    store::{self, Whose},
    sums::Sums,
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    kernel::{Page, PageAsk, Timestamp},
};

/// Facts looked through at once; whoever wants more asks for the next page.
const LOOKED_THROUGH: i64 = 400;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What is counted: a measure, with `=value` for one heading of it.
    pub measure: String,
    /// How many rows, and behind which.
    pub page: PageAsk<AfterRow>,
}

/// After which row a page begins: when its record was sent, and which it was.
pub type AfterRow = (i64, String);

/// The records that count for one measure in a period.
///
/// # Errors
/// As [`super::page::shown`]; `Denied` where the number itself is not told.
pub async fn rows(ctx: &Ctx, who: &Principal, wanted: &Wanted, asked: &Asked) -> Result<Page<Row>, Error> {
    let (measure, value) = asked
        .measure
        .split_once('=')
        .map_or((asked.measure.as_str(), None), |(measure, value)| (measure, Some(value)));
    let mut tx = ctx.db.read().await?;
    let (question, _) = question(ctx, &mut tx, who, wanted).await?;
    if !question.own_house {
        let mut sums = Sums::default();
        for row in store::sums(&mut tx, &question.whose.scope(), question.period.pieces()).await? {
            sums.take(&row, &question.filter);
        }
        let n = value.map_or_else(|| sums.n(measure), |value| sums.under(measure, value));
        if n < hidden::TOLD {
            return Err(Error::Denied);
        }
    }
    let names = Places::read(&mut tx).await?.names;
    let days = (question.period.from, question.period.to);
    // Nothing counts before it was sent: what was sent after the period is not walked through.
    let latest = || (calendar::begins(question.period.to).millis(), String::new());
    let mut after = Some(asked.page.after.clone().unwrap_or_else(latest));
    let limit = usize::try_from(asked.page.limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut ended = false;
    // A few rounds at most: a rare thing in a long year must not hold a request for ever.
    for _ in 0..10 {
        let facts = store::between(&mut tx, &question.whose, days, after.clone(), LOOKED_THROUGH).await?;
        ended = facts.len() < LOOKED_THROUGH as usize;
        for (id, fact) in facts {
            if found.len() == limit {
                ended = false;
                break;
            }
            after = Some((fact.sent().unwrap_or(0), id.clone()));
            if let Some(row) = row(&fact, &question, measure, value) {
                found.push((id, fact, row));
            }
        }
        if ended || found.len() == limit {
            break;
        }
    }
    let ids: Vec<String> = found.iter().map(|(id, ..)| id.clone()).collect();
    let numbers = store::numbers(&mut tx, &ids).await?;
    let items = found
        .into_iter()
        .map(|(id, fact, (day, value, n))| {
            let place = fact.place();
            Row {
                no: numbers.get(&id).cloned(),
                kind: fact.kind(),
                from: names.facilities.get(&place.from).cloned(),
                to: names.departments.get(&place.department).cloned(),
                direction: fact.direction().to_owned(),
                urgency: fact.urgency().to_owned(),
                state: fact.state().to_owned(),
                sent_at: fact.sent().map(Timestamp::from_millis),
                day: calendar::date(day).to_string(),
                value,
                n,
                id,
            }
        })
        .collect();
    Ok(Page::up_to(items, &asked.page, after.as_ref().filter(|_| !ended)))
}

/// The day, heading and number with which a fact counts for a measure, if it does.
fn row(fact: &Fact, question: &Question, measure: &str, value: Option<&str>) -> Option<(i64, String, i64)> {
    let days = question.period.from..question.period.to;
    marks(fact)
        .into_iter()
        .filter(|mark| {
            mark.measure == measure
                && value.is_none_or(|value| value == mark.value)
                && days.contains(&mark.day)
                && question.filter.takes(mark.direction, mark.urgency)
                && match &question.whose {
                    Whose::All => true,
                    Whose::Facility(id) => mark.place.from == *id || mark.place.facility == *id,
                    Whose::Department(id) => mark.place.department == *id,
                    Whose::User(id) => mark.place.by == *id,
                }
        })
        .map(|mark| (mark.day, mark.value, mark.n))
        .next()
}
