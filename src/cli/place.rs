//! `causeway place`: facilities and departments, from the terminal of whoever runs the machine.

use clap::{Args, Subcommand};

use super::serve::instruments;
use super::{CliError, say};
use crate::config::Config;
use crate::ctx::Ctx;
use crate::directory::{self, Level, NewDepartment, NewFacility};
use crate::journal::Actor;

/// What to do with places.
#[derive(Debug, Subcommand)]
pub enum Place {
    /// Enter a facility of the alliance.
    Facility(NewPlace),
    /// Enter a department of a facility.
    Department(NewRoom),
    /// Show every facility with its departments.
    List,
}

/// A facility to enter.
#[derive(Debug, Args)]
pub struct NewPlace {
    /// Its name.
    name: String,
    /// village, township, community, county, tertiary or specialised: decides where it sends.
    #[arg(long)]
    level: String,
    /// The telephone that is answered day and night.
    #[arg(long)]
    phone: String,
    /// Its grade, such as 二级甲等.
    #[arg(long)]
    grade: Option<String>,
}

/// A department to enter.
#[derive(Debug, Args)]
pub struct NewRoom {
    /// Its name.
    name: String,
    /// The name of the facility.
    #[arg(long)]
    facility: String,
    /// The telephone of its desk, shown when nobody can be rung.
    #[arg(long)]
    phone: String,
    /// What it takes and what it does not, shown before the call.
    #[arg(long, default_value = "")]
    scope: String,
    /// It takes patients, and no consults.
    #[arg(long)]
    referrals_only: bool,
    /// How long each tier of its rota is rung.
    #[arg(long, default_value_t = 45, value_parser = clap::value_parser!(i64).range(10..=300))]
    ring_seconds: i64,
}

/// Does it.
pub async fn run(config: &Config, what: Place) -> Result<(), CliError> {
    let ctx = instruments(config).await?;
    let answer = match what {
        Place::Facility(place) => facility(&ctx, place).await,
        Place::Department(room) => department(&ctx, room).await,
        Place::List => list(&ctx).await,
    };
    ctx.db.close().await;
    answer
}

async fn facility(ctx: &Ctx, place: NewPlace) -> Result<(), CliError> {
    let level: Level =
        place.level.parse().map_err(|_| CliError::Refused(format!("There is no level {}.", place.level)))?;
    let name = place.name.clone();
    let mut tx = ctx.db.write("facility.add").await?;
    if directory::facility_by_name(&mut tx, &name).await?.is_some() {
        return Err(CliError::Refused(format!("{name} is there already.")));
    }
    // Whoever sets the house up leads; without that, the first facility does.
    let leads = directory::lead(&mut tx).await?.is_none();
    let new = NewFacility { name: place.name, level, grade: place.grade, phone_24h: place.phone, leads };
    directory::add_facility(ctx, &mut tx, Actor::System, new).await?;
    tx.commit().await?;
    say(format_args!("{name} belongs to the alliance{}.", if leads { " and leads it" } else { "" }));
    Ok(())
}

async fn department(ctx: &Ctx, room: NewRoom) -> Result<(), CliError> {
    let refused = |why: String| Err(CliError::Refused(why));
    let mut tx = ctx.db.write("department.add").await?;
    let Some(id) = directory::facility_by_name(&mut tx, &room.facility).await? else {
        return refused(format!("There is no facility {}.", room.facility));
    };
    if directory::department_by_name(&mut tx, id, &room.name).await?.is_some() {
        return refused(format!("{} has a department {} already.", room.facility, room.name));
    }
    let Some(facility) = directory::facility(&mut tx, id).await? else {
        return refused(format!("There is no facility {}.", room.facility));
    };
    let name = room.name.clone();
    let new = NewDepartment {
        facility: facility.name(),
        name: room.name,
        scope_text: room.scope,
        phone: room.phone,
        accepts_consult: !room.referrals_only,
        accepts_referral: true,
        min_dataset: Vec::new(),
        ring_seconds: room.ring_seconds,
    };
    directory::add_department(ctx, &mut tx, Actor::System, new).await?;
    tx.commit().await?;
    say(format_args!(
        "{} has a department {name}. Until it keeps a rota, its doctors are rung.",
        room.facility
    ));
    Ok(())
}

async fn list(ctx: &Ctx) -> Result<(), CliError> {
    let mut tx = ctx.db.read().await?;
    let departments = directory::all_departments(&mut tx).await?;
    for facility in directory::all_facilities(&mut tx).await? {
        say(format_args!("{:<12} {}  {}", facility.level.word(), facility.name, facility.phone_24h));
        for room in departments.iter().filter(|room| room.facility.id == facility.id) {
            say(format_args!("             └ {}  {}", room.name, room.phone));
        }
    }
    Ok(())
}
