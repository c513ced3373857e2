//! `causeway token`: keys for other programs, from the terminal of whoever runs the machine.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::serve::instruments;
use super::{CliError, say};
use crate::auth::{self, NewToken, TokenLine, TokensOf};
use crate::config::Config;
use crate::ctx::Ctx;
use crate::directory;
use crate::journal::Actor;
use crate::kernel::PageAsk;

/// What to do with API tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make one. It is shown once.
    Create(Create),
    /// Show all, without what they are.
    List,
    /// Make one useless, by its name.
    Revoke {
        /// Its name.
        name: String,
    },
}

/// A token to make.
#[derive(Debug, Args)]
pub struct Create {
    /// What the journal calls it, such as "HIS of Luwan".
    name: String,
    /// As whom it acts: what that person signs in as.
    #[arg(long)]
    login: String,
    /// What it may do, such as read:consults,write:referrals.
    #[arg(long, value_delimiter = ',', required = true)]
    scopes: Vec<String>,
    /// For how many days, at most 366.
    #[arg(long, default_value_t = 90)]
    days: u64,
}

/// Does it.
pub async fn run(config: &Config, what: Token) -> Result<(), CliError> {
    let ctx = instruments(config).await?;
    let answer = match what {
        Token::Create(new) => create(&ctx, new).await,
        Token::List => list(&ctx).await,
        Token::Revoke { name } => revoke(&ctx, &name).await,
    };
    ctx.db.close().await;
    answer
}

async fn create(ctx: &Ctx, new: Create) -> Result<(), CliError> {
    let strange: Vec<_> = new.scopes.iter().filter(|scope| !auth::SCOPES.contains(&scope.as_str())).collect();
    if !strange.is_empty() {
        let known = auth::SCOPES.join(", ");
        return Err(CliError::Refused(format!("No such scope: {strange:?}. There are {known}.")));
    }
    let life = Duration::from_secs(new.days.saturating_mul(24 * 3600));
    if life.is_zero() || life > auth::LONGEST_LIFE {
        return Err(CliError::Refused("A token lives for a day to 366 days.".to_owned()));
    }
    let mut tx = ctx.db.read().await?;
    let user = directory::user_by_login(&mut tx, &new.login.trim().to_lowercase())
        .await?
        .ok_or_else(|| CliError::Refused(format!("Nobody signs in as {}.", new.login)))?;
    drop(tx);
    let new = NewToken { name: new.name, user, scopes: new.scopes, life };
    let (_, text) = match auth::add_token(ctx, (Actor::System, None), &new).await {
        Ok(made) => made,
        Err(auth::NotMade::NameTaken) => {
            return Err(CliError::Refused(format!("A living token is called {} already.", new.name)));
        }
        Err(auth::NotMade::Store(fault)) => return Err(fault.into()),
    };
    say(format_args!("{text}"));
    say(
        "Shown once. Send it as `Authorization: Bearer …`, with `X-Causeway: 1` on whatever changes something.",
    );
    Ok(())
}

/// Tokens read from the store in one go.
const MOST: i64 = 200;

async fn list(ctx: &Ctx) -> Result<(), CliError> {
    let mut cursor = None;
    loop {
        let ask = PageAsk::read(&ctx.vault, "tokens", Some(MOST), cursor.as_deref())
            .expect("the cursor was made for this list just now");
        let page = auth::tokens(&mut ctx.db.read().await?, &TokensOf::Everybody, &ask).await?;
        page.items.iter().for_each(tell);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn tell(line: &TokenLine) {
    let state = if line.revoked_at.is_some() { "  (revoked)" } else { "" };
    say(format_args!(
        "{:<24} {:<20} until {}  {}{state}",
        line.name,
        line.login,
        line.expires_at,
        line.scopes.join(" ")
    ));
}

async fn revoke(ctx: &Ctx, name: &str) -> Result<(), CliError> {
    match auth::revoke_token(ctx, Actor::System, name).await? {
        0 => Err(CliError::Refused(format!("No living token is called {name}."))),
        n => {
            say(format_args!("{n} revoked."));
            Ok(())
        }
    }
}
