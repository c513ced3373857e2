//! `causeway seed`: an invented alliance, so that no page is empty. Every name, number and
//! picture in it is made here; nothing is taken from anywhere.

mod names;
mod people;
mod places;

use std::sync::Arc;
use std::time::Duration;

use crate::auth;
use crate::config::Config;
use crate::ctx::Ctx;
use crate::directory;
use crate::kernel::{LoadedDice, StoppedClock};
use crate::store::StoreError;

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
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Fills an empty database with the demo alliance.
///
/// # Errors
/// `NotEmpty` if there is anybody in it.
pub async fn fill(ctx: &Ctx) -> Result<(), SeedError> {
    let mut tx = ctx.db.read().await?;
    if directory::keeps_anybody(&mut tx).await? {
        return Err(SeedError::NotEmpty);
    }
    drop(tx);
    let now = ctx.clock.now();
    let clock = Arc::new(StoppedClock::at(now.minus(PAST)));
    // Loaded, so that every demo is the same one; the ids still carry the time of the seeding.
    let then = Ctx { clock: clock.clone(), dice: Arc::new(LoadedDice::new(33)), ..ctx.clone() };
    let _town = people::settle(&then, &clock, now).await?;
    Ok(())
}

/// `causeway seed`
pub(super) async fn run(config: &Config) -> Result<(), CliError> {
    let ctx = instruments(config).await?;
    let begun = ctx.clock.now();
    fill(&ctx).await.map_err(|why| CliError::Refused(format!("The demo was not made: {why}.")))?;
    let took = ctx.clock.now().since(begun);
    ctx.db.close().await;
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
