//! Printing: load, allow, put together, remember, write.

use std::sync::Arc;

use super::{
    Press, back,
    error::Error,
    form::Printing,
    gather, mark, month, opinion, out, pdf,
    sheet::{Mark, Sheet},
    store::{self, Paper},
};
use crate::{
    auth::Principal,
    consult,
    ctx::Ctx,
    directory,
    kernel::{ConsultId, Lang, ReferralId, Timestamp},
    referral, stats,
    store::{Query, StoreError, WriteTx},
    words,
};

words! {
    /// Which form.
    pub enum Kind {
        /// 转出单: the letter out.
        Out = "out",
        /// 回转单: the letter back.
        Back = "back",
        /// 会诊意见: a consult's opinion.
        Opinion = "opinion",
    }
}

/// The most letters that are printed in one go: a morning's pile, and a file of a few megabytes.
pub const MOST: usize = 60;

/// A file to be shown.
#[derive(Debug)]
pub struct Printed {
    /// Its name: the record's number, no patient's.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Who prints, in which language, and under which address papers are checked.
#[derive(Debug, Clone)]
pub struct Order {
    /// In which language the labels are.
    pub lang: Lang,
    /// Where this server is reached.
    pub origin: String,
}

/// Which papers are to be printed.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// The letters of these referrals in one file, each beginning with page 1.
    Letters(&'a [ReferralId], Kind),
    /// A consult's opinion as it was signed; the version that holds now if none is asked for.
    Opinion(ConsultId, Option<i64>),
}

/// Prints papers of records; who took them is in the journal.
///
/// # Errors
/// `TooMany` beyond [`MOST`]; `NotYet` for a letter back before there is an outcome and an opinion
/// before anybody signed; `NotFound` for a version there is not; `Missing` for characters that no
/// font has; and what the record refuses.
pub async fn papers(
    ctx: &Ctx,
    press: &Arc<Press>,
    who: &Principal,
    wanted: Wanted<'_>,
    order: &Order,
) -> Result<Printed, Error> {
    let mut tx = ctx.db.write("paper.print").await?;
    let (name, sheets) = sheets(ctx, press, (&mut tx, who), wanted, order).await?;
    tx.commit().await?;
    Ok(Printed { name, bytes: print(press, sheets).await? })
}

/// Whether [`papers`] would print; nothing is kept of the question.
///
/// # Errors
/// As [`papers`].
pub async fn ready(
    ctx: &Ctx,
    press: &Arc<Press>,
    who: &Principal,
    wanted: Wanted<'_>,
    order: &Order,
) -> Result<(), Error> {
    let mut tx = ctx.db.write("paper.ready").await?;
    sheets(ctx, press, (&mut tx, who), wanted, order).await.map(|_| ())
}

/// The sheets under the file's name. A paper that cannot be printed is refused here, before
/// anything is kept of it.
async fn sheets(
    ctx: &Ctx,
    press: &Press,
    by: (&mut WriteTx, &Principal),
    wanted: Wanted<'_>,
    order: &Order,
) -> Result<(String, Vec<Sheet>), Error> {
    let (name, sheets) = match wanted {
        Wanted::Letters(ids, kind) => letter_sheets(ctx, by, (ids, kind), order).await?,
        Wanted::Opinion(id, version) => opinion_sheets(ctx, by, (id, version), order).await?,
    };
    pdf::check(&sheets, &press.letters)?;
    Ok((name, sheets))
}

async fn letter_sheets(
    ctx: &Ctx,
    (tx, who): (&mut WriteTx, &Principal),
    (ids, kind): (&[ReferralId], Kind),
    order: &Order,
) -> Result<(String, Vec<Sheet>), Error> {
    if ids.len() > MOST {
        return Err(Error::TooMany(MOST));
    }
    let (lang, at) = (order.lang, ctx.clock.now());
    let printing = Printing { lang, at, by: name_of(tx, who).await?, mark: None };
    let mut sheets = Vec::with_capacity(ids.len());
    let mut name = format!("letters-{}", ids.len());
    for id in ids {
        let (no, sheet) = letter(ctx, tx, who, (*id, kind), (&printing, &order.origin)).await?;
        sheets.push(sheet);
        if ids.len() == 1 {
            name = no;
        }
    }
    Ok((format!("{name}-{kind}.pdf"), sheets))
}

async fn opinion_sheets(
    ctx: &Ctx,
    (tx, who): (&mut WriteTx, &Principal),
    (id, version): (ConsultId, Option<i64>),
    order: &Order,
) -> Result<(String, Vec<Sheet>), Error> {
    let at = ctx.clock.now();
    let (consult, _) = consult::load_for(tx, who, id, at).await?;
    consult::read_by(tx, who, &consult, at).await?;
    let printing = Printing { lang: order.lang, at, by: name_of(tx, who).await?, mark: None };
    let answered = gather::answered(ctx, tx, consult, version).await?;
    let digest = gather::opinion_digest(ctx, answered.opinion());
    let paper = (Kind::Opinion, id.to_string(), digest);
    let printing = marked(ctx, tx, who, paper, (&printing, &order.origin)).await?;
    let name = format!("{}-v{}.pdf", answered.consult.no, answered.opinion().version_no);
    Ok((name, vec![opinion::sheet(&answered, &printing)]))
}

/// The report of a period; who took it is in the journal.
///
/// # Errors
/// As the statistics refuse.
pub async fn report(
    ctx: &Ctx,
    press: &Arc<Press>,
    who: &Principal,
    wanted: &stats::Wanted,
    (lang, seconds): (Lang, Option<i64>),
) -> Result<Printed, Error> {
    let report = stats::report(ctx, who, wanted, (lang, seconds)).await?;
    let mut tx = ctx.db.read().await?;
    let printing = Printing { lang, at: ctx.clock.now(), by: name_of(&mut tx, who).await?, mark: None };
    drop(tx);
    let name = format!("causeway-{}.pdf", report.period.replace(" – ", "-"));
    let bytes = print(press, vec![month::sheet(&report, &printing)]).await?;
    Ok(Printed { name, bytes })
}

async fn name_of(tx: &mut impl Query, who: &Principal) -> Result<String, StoreError> {
    Ok(directory::person(tx, who.user).await?.ok_or(StoreError::NoRow)?.name)
}

/// The sheets as a file, made where it holds nobody up.
pub async fn print(press: &Arc<Press>, sheets: Vec<Sheet>) -> Result<Vec<u8>, Error> {
    let press = Arc::clone(press);
    let printed = tokio::task::spawn_blocking(move || pdf::print(&sheets, &press.letters)).await;
    printed.map_err(|_| Error::Broken("the press stopped".to_owned()))?
}

async fn letter(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    (id, kind): (ReferralId, Kind),
    (printing, origin): (&Printing, &str),
) -> Result<(String, Sheet), Error> {
    let mut written = referral::printed_by(ctx, tx, who, id, kind.word()).await?;
    match kind {
        Kind::Out => {
            let out = gather::out(ctx, tx, written).await?;
            let digest = gather::digest(ctx, kind, &out, None);
            // A draft is nobody's word yet: there is nothing to check it against.
            let sent = out.referral.submitted_at.is_some();
            let printing = if sent {
                marked(ctx, tx, who, (kind, id.to_string(), digest), (printing, origin)).await?
            } else {
                printing.clone()
            };
            Ok((out.referral.no.clone(), out::sheet(&out, &printing)))
        }
        Kind::Back => {
            if let Some(way_back) = written.way_back {
                written = referral::printed_by(ctx, tx, who, way_back, kind.word()).await?;
            }
            let subject = written.referral.id.to_string();
            let back = gather::back(ctx, tx, written).await?;
            let digest = gather::digest(ctx, kind, &back.out, Some(&back));
            let printing = marked(ctx, tx, who, (kind, subject, digest), (printing, origin)).await?;
            Ok((back.out.referral.no.clone(), back::sheet(&back, &printing)))
        }
        // An opinion belongs to a consult and is printed there.
        Kind::Opinion => Err(Error::NotFound),
    }
}

/// The same printing with a mark; the paper is remembered under it.
pub async fn marked(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    (kind, subject, digest): (Kind, String, String),
    (printing, origin): (&Printing, &str),
) -> Result<Printing, Error> {
    let code = mark::code(&ctx.vault.term("paper code", &format!("{kind}/{subject}/{digest}")));
    let paper = Paper { kind, subject, digest, printed_at: printing.at };
    store::remember(tx, &code, &paper, who.user).await?;
    let code = mark::shown(&code);
    let mark = Mark { url: format!("{origin}/verify#{code}"), code };
    Ok(Printing { mark: Some(mark), ..printing.clone() })
}

/// What a stranger is told of a paper.
#[derive(Debug)]
pub struct Told {
    /// How it stands.
    pub standing: PaperStanding,
    /// Which form it is.
    pub kind: Kind,
    /// Its number.
    pub no: String,
    /// When it was sent or signed.
    pub date: Option<Timestamp>,
    /// From which house.
    pub from: String,
    /// To which.
    pub to: String,
    /// The patient's initials, and nothing else of him.
    pub initials: String,
    /// When it was printed first.
    pub printed_at: Timestamp,
}

words! {
    /// How a paper stands.
    pub enum PaperStanding {
        /// Printed here, and the record says the same today.
        Genuine = "genuine",
        /// Printed here; the record says something else now.
        Changed = "changed",
        /// Printed here; what it speaks of was taken back or never held.
        Withdrawn = "withdrawn",
    }
}

/// What the paper with this code is worth; nothing if none was printed here.
///
/// # Errors
/// If the database cannot be read.
pub async fn check(ctx: &Ctx, typed: &str) -> Result<Option<Told>, Error> {
    let Some(code) = mark::typed(typed) else { return Ok(None) };
    let mut tx = ctx.db.read().await?;
    let Some(paper) = store::by_code(&mut tx, &code).await? else { return Ok(None) };
    match paper.kind {
        Kind::Out | Kind::Back => check_letter(ctx, &mut tx, &paper).await,
        Kind::Opinion => check_opinion(ctx, &mut tx, &paper).await,
    }
}

async fn check_opinion(ctx: &Ctx, tx: &mut impl Query, paper: &Paper) -> Result<Option<Told>, Error> {
    let Ok(id) = paper.subject.parse::<ConsultId>() else { return Ok(None) };
    let Some(consult) = consult::load(tx, id).await? else { return Ok(None) };
    let withdrawn = consult.state == consult::State::EnteredInError;
    let answered = gather::answered(ctx, tx, consult, None).await?;
    let standing = if withdrawn {
        PaperStanding::Withdrawn
    } else if gather::opinion_digest(ctx, answered.newest()) == paper.digest {
        PaperStanding::Genuine
    } else {
        PaperStanding::Changed
    };
    Ok(Some(Told {
        standing,
        kind: paper.kind,
        date: Some(answered.newest().signed_at),
        initials: mark::initials(&answered.card.name),
        from: answered.to.facility,
        to: answered.from.facility,
        no: answered.consult.no,
        printed_at: paper.printed_at,
    }))
}

async fn check_letter(ctx: &Ctx, tx: &mut impl Query, paper: &Paper) -> Result<Option<Told>, Error> {
    let Ok(id) = paper.subject.parse::<ReferralId>() else { return Ok(None) };
    let Some(written) = referral::as_written(ctx, tx, id).await? else { return Ok(None) };
    let withdrawn = referral::is_withdrawn(tx, &written.referral).await?;
    let (out, digest, date) = if paper.kind == Kind::Back {
        let back = match gather::back(ctx, tx, written).await {
            Ok(back) => back,
            // The outcome it told of is gone: the record says something else now.
            Err(Error::NotYet(_)) => return Ok(None),
            Err(other) => return Err(other),
        };
        let digest = gather::digest(ctx, paper.kind, &back.out, Some(&back));
        let date = back.outcome.as_ref().map(|outcome| outcome.at);
        (back.out, digest, date)
    } else {
        let out = gather::out(ctx, tx, written).await?;
        let digest = gather::digest(ctx, paper.kind, &out, None);
        (out, digest, None)
    };
    let standing = if withdrawn {
        PaperStanding::Withdrawn
    } else if digest == paper.digest {
        PaperStanding::Genuine
    } else {
        PaperStanding::Changed
    };
    Ok(Some(Told {
        standing,
        kind: paper.kind,
        date: out.referral.submitted_at.or(date),
        initials: mark::initials(&out.card.name),
        no: out.referral.no,
        from: out.from.facility,
        to: out.to.facility,
        printed_at: paper.printed_at,
    }))
}
