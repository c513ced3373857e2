//! Jobs: things that time does.
//!
//! Each job is a task of its own that ends when the server stops. A job that fails says so in
//! the log and tries again at its next turn; none of them holds a rule, those are in the rooms.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::attachments::{self, Files};
use crate::auth;
use crate::consult;
use crate::ctx::Ctx;
use crate::hooks::{self, Courier};
use crate::http;
use crate::journal;
use crate::referral;
use crate::stats;
use crate::store::StoreError;

/// Entries linked into the chain in one transaction.
const SEALED_AT_ONCE: i64 = 500;
/// An answer is repeated to whoever asks again within three days: a clinic may be off the line
/// for a weekend.
const ANSWERS_KEPT: Duration = Duration::from_hours(72);
/// The figures follow the journal at this distance: soon enough for people, late enough for
/// entries that come together to be counted together.
const COUNTED: Duration = Duration::from_secs(2);
/// A blob without a row may be an upload under way; after an hour it is not.
const ORPHAN_GRACE_SECONDS: u64 = 3600;

/// Takes away what a crash left behind. Before anybody is let in: nothing is under way yet.
///
/// # Errors
/// If the folder or the database cannot be read.
pub async fn clear_up(ctx: &Ctx, files: &Files) -> Result<(), attachments::Error> {
    let swept = attachments::sweep(ctx, files, 0).await?;
    debug!(swept, "Files without a record were taken away");
    // No line survives the program: whoever sat in a call is gone until they are back.
    if let Err(error) = consult::everybody_left(ctx).await {
        error!(
            error = &error as &dyn std::error::Error,
            "Calls under way could not be marked as interrupted"
        );
    }
    Ok(())
}

/// Starts all jobs; they end when `stop` is cancelled. Messages to other systems go with `courier`,
/// and are kept for `keep` when they are done.
pub fn start(
    ctx: &Ctx,
    files: &Arc<Files>,
    (courier, keep): (Arc<Courier>, Duration),
    stop: &CancellationToken,
) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(hooks::run(ctx.clone(), courier, stop.clone()));
    jobs.spawn(seal(ctx.clone(), stop.clone()));
    every(&mut jobs, Duration::from_secs(1), stop, ctx, |ctx| async move { consult::tick(&ctx).await });
    every(
        &mut jobs,
        Duration::from_secs(1),
        stop,
        ctx,
        |ctx| async move { referral::tick(&ctx).await.map(drop) },
    );
    every(&mut jobs, COUNTED, stop, ctx, |ctx| async move { stats::catch_up(&ctx).await.map(drop) });
    let hour = Duration::from_hours(1);
    every(&mut jobs, hour, stop, ctx, |ctx| async move { forget(&ctx).await });
    every(&mut jobs, hour, stop, ctx, move |ctx| async move {
        let messages = hooks::forget(&ctx, keep).await?;
        debug!(messages, "Old messages to other systems were let go");
        Ok::<(), StoreError>(())
    });
    let files = Arc::clone(files);
    every(&mut jobs, hour, stop, ctx, move |ctx| {
        let files = Arc::clone(&files);
        async move { attachments::sweep(&ctx, &files, ORPHAN_GRACE_SECONDS).await.map(drop) }
    });
    jobs
}

/// Runs `work` now and then every `span`. A turn that comes late is not made up for.
fn every<W, F, E>(jobs: &mut JoinSet<()>, span: Duration, stop: &CancellationToken, ctx: &Ctx, work: W)
where
    W: Fn(Ctx) -> F + Send + 'static,
    F: Future<Output = Result<(), E>> + Send,
    E: std::error::Error,
{
    let (stop, ctx) = (stop.clone(), ctx.clone());
    jobs.spawn(async move {
        let mut turns = interval(span);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(turns.tick()).await.is_some() {
            if let Err(why) = work(ctx.clone()).await {
                error!(error = %why, "A job failed");
            }
        }
    });
}

/// Links fresh entries of the journal into its chain whenever the bell rings.
async fn seal(ctx: Ctx, stop: CancellationToken) {
    let mut bell = ctx.db.bell();
    loop {
        // Up to the end, the first time without being asked: a crash may have left some open.
        match journal::seal_some(&ctx.db, SEALED_AT_ONCE).await {
            Ok(sealed) if sealed as i64 == SEALED_AT_ONCE => continue,
            Ok(_) => {}
            Err(why) => error!(error = &why as &dyn std::error::Error, "The journal could not be sealed"),
        }
        // Entries come in bursts: half a second later there may be more to link at once.
        tokio::time::sleep(Duration::from_millis(500)).await;
        match stop.run_until_cancelled(bell.changed()).await {
            Some(Ok(())) => {}
            Some(Err(_)) | None => return,
        }
    }
}

/// Forgets sessions and answers that are of no use any more.
async fn forget(ctx: &Ctx) -> Result<(), StoreError> {
    let sessions = auth::forget_expired(ctx).await?;
    let answers = http::forget_answers(ctx, ctx.clock.now().minus(ANSWERS_KEPT)).await?;
    debug!(sessions, answers, "Old sessions and answers were forgotten");
    Ok(())
}
