//! `causeway seed`: an invented alliance, so that no page is empty. Every name, number and
//! picture in it is made here; nothing is taken from anywhere.

mod capacity;
mod cases;
mod month;
mod names;
mod people;
mod pictures;
mod places;
mod play;
mod sick;
mod stories;

use std::sync::Arc;
use std::time::Duration;

use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use crate::auth;
use crate::config::Config;
use crate::ctx::Ctx;
use crate::directory;
use crate::kernel::{LoadedDice, StoppedClock, UserId};
use crate::server::App;
use crate::store::StoreError;

use self::play::Stage;
use super::serve::instruments;
use super::{CliError, say};

/// What everybody in the demo signs in with. Only this room knows it, and only a database
/// that was empty gets it.
pub const DEMO_PASSWORD: &str = "causeway-demo";

/// The demo begins so long ago.
const PAST: Duration = Duration::from_hours(30 * 24);

/// Somebody of the demo with a name of their own.
pub struct Staff {
    name: &'static str,
    title: &'static str,
    role: auth::Role,
    room: Option<&'static str>,
}

impl Staff {
    const fn doctor(name: &'static str, title: &'static str, room: &'static str) -> Self {
        Self { name, title, role: auth::Role::Specialist, room: Some(room) }
    }
    const fn rural(name: &'static str, title: &'static str, room: &'static str) -> Self {
        Self { name, title, role: auth::Role::RuralDoctor, room: Some(room) }
    }
    const fn desk(name: &'static str, title: &'static str) -> Self {
        Self { name, title, role: auth::Role::Coordinator, room: None }
    }
    const fn admin(name: &'static str, title: &'static str) -> Self {
        Self { name, title, role: auth::Role::FacilityAdmin, room: None }
    }
    const fn alliance(name: &'static str, title: &'static str) -> Self {
        Self { name, title, role: auth::Role::AllianceAdmin, room: None }
    }
    const fn auditor(name: &'static str, title: &'static str) -> Self {
        Self { name, title, role: auth::Role::Auditor, room: None }
    }
}

/// Who can sign in as what: the lines a newcomer needs.
pub const SHOWN: &[(&str, &str)] = &[
    ("lin.qiuyan", "林秋雁  乡镇医生    芦湾镇卫生院"),
    ("miao.qinghe", "苗青禾  转诊台      芦湾镇卫生院"),
    ("xu.wangzhou", "许望舟  心血管内科  云堤市第一人民医院（一线值班）"),
    ("qin.chuandu", "秦川渡  心血管内科  云堤市第一人民医院（一线值班）"),
    ("zhou.yanzhi", "周砚之  心血管内科  云堤市第一人民医院（二线值班）"),
    ("song.zhiwei", "宋知微  转诊台      云堤市第一人民医院"),
    ("gu.chaosheng", "顾潮生  机构管理员  云堤市第一人民医院"),
    ("cheng.wenzhou", "程问舟  审计员      云堤市第一人民医院"),
];

/// Why the demo was not made.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// Invented people do not come among real ones.
    #[error("the database is not empty")]
    NotEmpty,
    /// A patient of the demo was not taken, and their stories need them. What was entered before stays.
    #[error(
        "the house did not take one of its patients ({asked}: {answer}); empty the database before trying again"
    )]
    Patient {
        /// Which request was refused.
        asked: String,
        /// The problem it was answered with.
        answer: serde_json::Value,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How many patients the demo has.
const PATIENTS: usize = 120;

/// A month of so many referrals has so many patients: some come more than once, and no two have
/// one name, of which there are some two thousand.
fn patients_for(referrals: usize) -> usize {
    PATIENTS + (referrals * 2 / 3).min(1_600)
}

/// Fills an empty database with the demo alliance, and plays its past. Says how many of its
/// stories the house did not take to their end: none, unless a story is out of date.
///
/// # Errors
/// `NotEmpty` if there is anybody in it; `Patient` if the house refuses one of its patients.
pub async fn fill(app: &App) -> Result<usize, SeedError> {
    fill_with(app, 0).await
}

/// The same, and a month of so many more referrals, with time acting in it.
///
/// # Errors
/// As [`fill`].
pub async fn fill_with(app: &App, referrals: usize) -> Result<usize, SeedError> {
    // A thousand lines about what never happened would hide those about what does.
    let refused = played(app, referrals).with_subscriber(NoSubscriber::default()).await?;
    for step in &refused {
        // The answer is a problem of ours about an invented person.
        tracing::warn!(asked = step.asked, answer = %step.answer, "A story of the demo was not taken");
    }
    Ok(refused.len())
}

async fn played(app: &App, referrals: usize) -> Result<Vec<play::Refused>, SeedError> {
    let mut tx = app.ctx.db.read().await?;
    if directory::keeps_anybody(&mut tx).await? {
        return Err(SeedError::NotEmpty);
    }
    drop(tx);
    let now = app.ctx.clock.now();
    let clock = Arc::new(StoppedClock::at(now.minus(PAST)));
    // Loaded, so that every demo is the same one; the ids still carry the time of the seeding.
    let then = now.minus(PAST);
    let past = Ctx { clock: clock.clone(), dice: Arc::new(LoadedDice::new(33)), ..app.ctx.clone() };
    let mut town = people::settle(&past, &clock, now).await?;
    let app = App { ctx: past, ..app.clone() };
    let mut stage = Stage::new(&app, &clock);
    let (known, drawn) = enter_patients(&app.ctx, &mut stage, &mut town, patients_for(referrals)).await?;
    let cast = stories::Cast { town: &town, known: &known, drawn: &drawn, now };
    let mut all = stories::all(&cast);
    if referrals > 0 {
        let drawn = month::Month { town: &town, patients: &drawn, from: then, to: now, dice: &*app.ctx.dice };
        all.extend(month::stories(&drawn, referrals));
        stage.with_time();
    }
    let mut refused = stage.play(all, now).await;
    refused.extend(capacity::plan(&mut stage, &town, now).await);
    stage.clear().await?;
    Ok(refused)
}

/// Enters the known patients at Luwan, the others all over the country side.
async fn enter_patients(
    ctx: &Ctx,
    stage: &mut Stage<'_>,
    town: &mut people::Town,
    patients: usize,
) -> Result<(Vec<String>, Vec<(String, UserId)>), SeedError> {
    for (name, ..) in sick::KNOWN {
        town.names.keep(name);
    }
    let lin = town.by_name["林秋雁"];
    let near = [town.by_name["高立冬"], town.by_name["方晓棠"]];
    let country: Vec<UserId> = town.places[3..].iter().map(|place| place.doctors[0].0).collect();
    let (mut known, mut drawn) = (Vec::new(), Vec::new());
    for number in 0..patients {
        let (by, form) = if number < sick::KNOWN.len() {
            (lin, sick::known(number))
        } else {
            let by = match number % 3 {
                0 => lin,
                1 => near[number % 2],
                _ => country[number / 3 % country.len()],
            };
            (by, sick::drawn(&mut town.names, &*ctx.dice, number))
        };
        let refused = |step: play::Refused| SeedError::Patient { asked: step.asked, answer: step.answer };
        let body = stage.post(by, "/patients", &form).await.map_err(refused)?;
        let id = body["id"].as_str().unwrap_or_default().to_owned();
        if number < sick::KNOWN.len() { known.push(id) } else { drawn.push((id, by)) }
    }
    Ok((known, drawn))
}

/// What to fill it with.
#[derive(Debug, clap::Args)]
pub struct Seed {
    /// Play a month of so many more referrals, with every outcome. Takes about a second for twenty.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=20_000))]
    referrals: u32,
}

/// `causeway seed`
pub(super) async fn run(config: &Config, what: Seed) -> Result<(), CliError> {
    let ctx = instruments(config).await?;
    let folder = config.attachments.folder.clone();
    let app = App::new(ctx, config.clone()).await.map_err(|why| CliError::File(folder, why))?;
    let begun = app.ctx.clock.now();
    let refused = fill_with(&app, what.referrals as usize)
        .await
        .map_err(|why| CliError::Refused(format!("The demo was not made: {why}.")))?;
    let took = app.ctx.clock.now().since(begun);
    app.ctx.db.close().await;
    if refused > 0 {
        say(format_args!("{refused} of its stories ended early: somebody was faster."));
    }
    say(format_args!("The demo alliance is there, after {} ms.", took.as_millis()));
    tell();
    Ok(())
}

/// Prints who can sign in as what.
pub fn tell() {
    say(format_args!("Demo              invented people, password for all of them: {DEMO_PASSWORD}"));
    for (login, who) in SHOWN {
        say(format_args!("                  {login:<14} {who}"));
    }
}
