//! Taking the figures along: a file, and a line in the journal that says who took which.

use serde_json::{Value, json};

use super::{
    export::{self, File, Report},
    page::{self, Error, Wanted},
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    journal::{self, Actor, Entity, Entry},
    kernel::Lang,
    words,
};

words! {
    /// What kind of file.
    pub enum Format {
        /// Comma separated values.
        Csv = "csv",
        /// A workbook.
        Xlsx = "xlsx",
    }
}

/// How it is wanted.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// As which file.
    pub format: Format,
    /// In which language.
    pub lang: Lang,
    /// Seconds since the person opened the statistics, as the page counted them.
    pub seconds: Option<i64>,
}

/// The name and bytes of a file of the figures.
///
/// # Errors
/// As [`page::shown`].
pub async fn export(ctx: &Ctx, who: &Principal, wanted: &Wanted, how: How) -> Result<(String, File), Error> {
    let page = page::shown(ctx, who, wanted).await?;
    let page = serde_json::to_value(page).expect("our own plain types have a JSON form");
    let file = match how.format {
        Format::Csv => export::csv(&page, how.lang),
        Format::Xlsx => export::xlsx(&page, how.lang).map_err(|_| Error::File)?,
    };
    let period = (&page["period"]["from"], &page["period"]["to"]);
    let name = format!(
        "causeway-{}-{}.{}",
        period.0.as_str().unwrap_or_default(),
        period.1.as_str().unwrap_or_default(),
        file.ending
    );
    taken(ctx, who, &page, (how.format.word(), how.seconds)).await?;
    Ok((name, file))
}

/// The figures as they are printed; that they were taken is written down as for any file.
///
/// # Errors
/// As [`page::shown`].
pub async fn report(
    ctx: &Ctx,
    who: &Principal,
    wanted: &Wanted,
    (lang, seconds): (Lang, Option<i64>),
) -> Result<Report, Error> {
    let page = page::shown(ctx, who, wanted).await?;
    let page = serde_json::to_value(page).expect("our own plain types have a JSON form");
    taken(ctx, who, &page, ("pdf", seconds)).await?;
    Ok(export::report(&page, lang))
}

async fn taken(
    ctx: &Ctx,
    who: &Principal,
    page: &Value,
    (format, seconds): (&str, Option<i64>),
) -> Result<(), Error> {
    // Whoever leaves the page open over lunch has not been exporting for so long.
    let seconds = seconds.filter(|seconds| (0..=3600).contains(seconds));
    let entry = Entry::new(
        ctx.clock.now(),
        Actor::User(who.user),
        Some(who.acting),
        Entity::List("statistics"),
        super::fact::EXPORTED,
    )
    .with(json!({
        "format": format, "scope": page["scope"], "from": page["period"]["from"], "to": page["period"]["to"],
        "seconds": seconds,
    }));
    let mut tx = ctx.db.write("statistics.export").await?;
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok(())
}
