//! `causeway user`: accounts, from the terminal of whoever runs the machine.

use std::io::Read;

use clap::{Args, Subcommand};

use super::serve::instruments;
use super::{CliError, say};
use crate::auth::{self, Membership, Role};
use crate::config::Config;
use crate::ctx::Ctx;
use crate::directory::people::{self, By, Standing, Step};
use crate::directory::{self, NewPerson};
use crate::journal::Actor;
use crate::kernel::UserId;

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Enter a person. The password is read from standard input, so that no shell remembers it.
    Add(Add),
    /// Show everybody and what they are where.
    List,
    /// Print a one-time link with which the person sets a new password.
    Reset {
        /// What the person signs in as.
        login: String,
    },
    /// Close an account: every session, call and link of that person is over.
    Suspend {
        /// What the person signs in as.
        login: String,
    },
    /// Open a closed account again.
    Reinstate {
        /// What the person signs in as.
        login: String,
    },
    /// Set a new password, read from standard input, and end every session of that person.
    ResetPassword {
        /// What the person signs in as.
        login: String,
    },
}

/// A person to enter.
#[derive(Debug, Args)]
pub struct Add {
    /// What the person signs in as, such as lin.qiuyan.
    login: String,
    /// The person's name.
    #[arg(long)]
    name: String,
    /// The person's title.
    #[arg(long, default_value = "")]
    title: String,
    /// The name of the facility.
    #[arg(long)]
    facility: String,
    /// The name of the department, for doctors.
    #[arg(long)]
    department: Option<String>,
    /// rural_doctor, specialist, coordinator, facility_admin, alliance_admin or auditor.
    #[arg(long)]
    role: String,
}

/// Does it.
pub async fn run(config: &Config, what: User) -> Result<(), CliError> {
    let ctx = instruments(config).await?;
    let answer = match what {
        User::Add(person) => add(&ctx, person).await,
        User::List => list(&ctx).await,
        User::Reset { login } => hand_over(&ctx, config, &login).await,
        User::Suspend { login } => stand(&ctx, &login, Standing::Suspended).await,
        User::Reinstate { login } => stand(&ctx, &login, Standing::Active).await,
        User::ResetPassword { login } => reset(&ctx, &login).await,
    };
    ctx.db.close().await;
    answer
}

fn refused(why: impl Into<String>) -> CliError {
    CliError::Refused(why.into())
}

/// The first line of standard input, judged.
fn password(login: &str) -> Result<String, CliError> {
    let mut text = String::new();
    std::io::stdin()
        .take(4_096)
        .read_to_string(&mut text)
        .map_err(|why| refused(format!("The password cannot be read: {why}.")))?;
    let password = text.lines().next().unwrap_or_default().to_owned();
    auth::judge_password(&password, login)
        .map_err(|why| refused(format!("The password is not good enough: {why}.")))?;
    Ok(password)
}

async fn add(ctx: &Ctx, person: Add) -> Result<(), CliError> {
    let role: Role =
        person.role.parse().map_err(|_| refused(format!("There is no role {}.", person.role)))?;
    let login = person.login.trim().to_lowercase();
    let mut tx = ctx.db.read().await?;
    let facility = directory::facility_by_name(&mut tx, &person.facility)
        .await?
        .ok_or_else(|| refused(format!("There is no facility {}.", person.facility)))?;
    let department = match &person.department {
        None => None,
        Some(name) => Some(
            directory::department_by_name(&mut tx, facility, name)
                .await?
                .ok_or_else(|| refused(format!("{} has no department {name}.", person.facility)))?,
        ),
    };
    if directory::user_by_login(&mut tx, &login).await?.is_some() {
        return Err(refused(format!("Somebody signs in as {login} already.")));
    }
    drop(tx);
    let hash = auth::hash_password(&password(&login)?, &*ctx.dice).await;
    let new = NewPerson {
        login: login.clone(),
        name: person.name,
        title: person.title,
        phone: None,
        roles: vec![Membership { facility, department, role }],
    };
    let mut tx = ctx.db.write("user.add").await?;
    directory::add_person(ctx, &mut tx, Actor::System, &new, &hash).await?;
    tx.commit().await?;
    say(format_args!("{login} can sign in."));
    Ok(())
}

async fn list(ctx: &Ctx) -> Result<(), CliError> {
    let mut tx = ctx.db.read().await?;
    for line in directory::staff(&mut tx).await? {
        let roles: Vec<String> = line.roles.iter().map(|(role, place)| format!("{role} · {place}")).collect();
        let state = if line.active { "" } else { "  (suspended)" };
        say(format_args!("{:<24} {}  {}{state}", line.login, line.name, roles.join(", ")));
    }
    Ok(())
}

/// The person who signs in as `login`.
async fn known(ctx: &Ctx, login: &str) -> Result<(UserId, String), CliError> {
    let login = login.trim().to_lowercase();
    let mut tx = ctx.db.read().await?;
    let user = directory::user_by_login(&mut tx, &login).await?;
    user.map(|user| (user, login.clone())).ok_or_else(|| refused(format!("Nobody signs in as {login}.")))
}

fn told(why: people::Error) -> CliError {
    match why {
        people::Error::Store(fault) => fault.into(),
        people::Error::LastAdministrator => {
            refused("That is the last administrator of the alliance: make another one first.")
        }
        people::Error::WrongState(standing) => refused(format!("The account is {standing}.")),
        why @ (people::Error::NotFound
        | people::Error::NotAllowed
        | people::Error::Stale
        | people::Error::Fields(_)
        | people::Error::NotAgain(_)) => refused(format!("That was not done: {why}.")),
    }
}

async fn hand_over(ctx: &Ctx, config: &Config, login: &str) -> Result<(), CliError> {
    let (user, login) = known(ctx, login).await?;
    let link = people::reset(ctx, By::Operator, user).await.map_err(told)?;
    let page = match &config.server.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("https://localhost:{}", config.server.listen.port()),
    };
    say(format_args!("{login} sets a new password with   {page}/welcome#{}", link.token.reveal()));
    say("                  works once, within 72 hours; every link before it is void");
    Ok(())
}

async fn stand(ctx: &Ctx, login: &str, standing: Standing) -> Result<(), CliError> {
    let (user, login) = known(ctx, login).await?;
    let step = Step { seen: None, once: None };
    match standing {
        Standing::Suspended => people::suspend(ctx, By::Operator, user, step).await.map_err(told)?,
        Standing::Active => people::reinstate(ctx, By::Operator, user, step).await.map_err(told)?,
    };
    say(format_args!("The account of {login} is {standing}."));
    Ok(())
}

async fn reset(ctx: &Ctx, login: &str) -> Result<(), CliError> {
    let (user, login) = known(ctx, login).await?;
    let password = password(&login)?;
    auth::reset_password(ctx, Actor::System, None, user, &password).await?;
    say(format_args!("{login} has a new password; every session of theirs is over."));
    Ok(())
}
