//! `causeway stats` and `causeway journal`: the figures and what they are folded from.

use std::io::Write;

use clap::Subcommand;

use super::serve::instruments;
use super::{CliError, chain, say};
use crate::config::Config;
use crate::ctx::Ctx;
use crate::journal;
use crate::stats::{self, Wanted};

/// What to do with the figures.
#[derive(Debug, Subcommand)]
pub enum Stats {
    /// Fold the whole journal anew.
    Rebuild,
    /// Print every figure of a period as JSON, small numbers included.
    Show {
        /// The first day, such as 2026-03-01.
        #[arg(long, requires = "to")]
        from: Option<jiff::civil::Date>,
        /// The day after the last.
        #[arg(long, requires = "from")]
        to: Option<jiff::civil::Date>,
        /// One facility, by its id.
        #[arg(long)]
        facility: Option<String>,
    },
}

/// What to do with the journal.
#[derive(Debug, Subcommand)]
pub enum Journal {
    /// Print its entries, one line of JSON each, oldest first.
    Export {
        /// Only what was written after this entry.
        #[arg(long, default_value_t = 0)]
        after: i64,
    },
}

/// Entries read at once.
const PAGE: i64 = 2_000;

/// `causeway stats`
pub async fn stats(config: &Config, what: Stats) -> Result<(), CliError> {
    let ctx = instruments(config).await?;
    let answer = match what {
        Stats::Rebuild => rebuild(&ctx).await,
        Stats::Show { from, to, facility } => show(&ctx, from.zip(to), facility).await,
    };
    ctx.db.close().await;
    answer
}

async fn rebuild(ctx: &Ctx) -> Result<(), CliError> {
    let begun = ctx.clock.now();
    let folded = stats::rebuild(ctx).await?;
    let took = ctx.clock.now().since(begun);
    say(format_args!("{folded} entries of the journal are folded, after {} ms.", took.as_millis()));
    Ok(())
}

async fn show(
    ctx: &Ctx,
    dates: Option<(jiff::civil::Date, jiff::civil::Date)>,
    facility: Option<String>,
) -> Result<(), CliError> {
    let facility = facility
        .map(|id| id.parse().map_err(|_| CliError::Refused(format!("{id} is no facility's id."))))
        .transpose()?;
    stats::catch_up(ctx).await?;
    let wanted = Wanted { dates, facility, ..Wanted::default() };
    let page = stats::everything(ctx, &wanted).await.map_err(|why| CliError::Refused(chain(&why)))?;
    say(serde_json::to_string(&page).expect("our own plain types have a JSON form"));
    Ok(())
}

/// `causeway journal`
pub async fn journal(config: &Config, what: Journal) -> Result<(), CliError> {
    let ctx = instruments(config).await?;
    let Journal::Export { after } = what;
    let answer = export(&ctx, after, &mut std::io::stdout().lock()).await;
    ctx.db.close().await;
    answer
}

/// Writes the entries after `after`, a line each.
async fn export(ctx: &Ctx, mut after: i64, out: &mut impl Write) -> Result<(), CliError> {
    let cannot = |why| CliError::File("standard output".into(), why);
    loop {
        let mut tx = ctx.db.read().await?;
        let entries = journal::entries_after(&mut tx, after, PAGE).await?;
        let Some(last) = entries.last() else { return out.flush().map_err(cannot) };
        after = last.seq;
        for entry in &entries {
            let line = serde_json::to_string(entry).expect("our own plain types have a JSON form");
            writeln!(out, "{line}").map_err(cannot)?;
        }
    }
}
