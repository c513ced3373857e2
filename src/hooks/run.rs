//! The round: look for what happened, send what is due, write down what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    courier::{Courier, Stamp},
    gather::gather,
    model::{DeliveryState, DeliveryTrouble, MOST_TRIES, Parcel, pause_after},
    sign, store,
};
use crate::{
    ctx::Ctx,
    kernel::{DiceExt, HookId},
    store::StoreError,
};

/// Tries at the same time, for one address and for all: one that hangs holds up nobody else.
const FOR_ONE: usize = 4;
const FOR_ALL: usize = 32;
/// Other nodes' entries and pauses that are over are seen after this at the latest.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Entries come in bursts.
const GATHER: Duration = Duration::from_millis(100);
/// Old messages let go in one transaction: others want to write too.
const AT_ONCE: i64 = 200;
/// "Wants no more of this": RFC 9110, 15.5.11.
const GONE: u16 = 410;

/// Tells other systems what they asked to be told, until `stop`. What is under way then is left:
/// it is tried again by whoever comes next.
pub async fn run(ctx: Ctx, courier: Arc<Courier>, stop: CancellationToken) {
    let mut bell = ctx.db.bell();
    let mut looked = 0;
    let mut under_way: JoinSet<HookId> = JoinSet::new();
    let mut busy: BTreeMap<HookId, usize> = BTreeMap::new();
    loop {
        if let Err(why) = gather(&ctx, &mut looked).await {
            error!(
                error = &why as &dyn std::error::Error,
                "What happened could not be read for the webhooks"
            );
        }
        match due(&ctx, &busy, FOR_ALL - under_way.len()).await {
            Ok(parcels) => {
                for parcel in parcels {
                    *busy.entry(parcel.hook).or_default() += 1;
                    under_way.spawn(carry(ctx.clone(), Arc::clone(&courier), parcel));
                }
            }
            Err(why) => {
                error!(
                    error = &why as &dyn std::error::Error,
                    "What is due could not be read for the webhooks"
                );
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            rung = bell.changed() => {
                if rung.is_err() { return; }
                sleep(GATHER).await;
            }
            () = sleep(LOOK_AGAIN) => {}
            Some(ended) = under_way.join_next() => match ended {
                Ok(hook) => {
                    if let Some(n) = busy.get_mut(&hook) { *n = n.saturating_sub(1); }
                }
                // Whose it was is not known any more: better a few tries too many than none.
                Err(_) => busy.clear(),
            },
        }
    }
}

/// Lets go what was delivered or given up longer than `keep` ago; says how many messages.
///
/// # Errors
/// If the store cannot be read or written.
pub async fn forget(ctx: &Ctx, keep: Duration) -> Result<u64, StoreError> {
    let moment = ctx.clock.now().minus(keep);
    let mut gone = 0;
    loop {
        let mut tx = ctx.db.write_quiet("hooks.forget").await?;
        let some = store::let_go(&mut tx, moment, AT_ONCE).await?;
        tx.commit().await?;
        gone += some;
        if some < AT_ONCE as u64 {
            return Ok(gone);
        }
    }
}

async fn due(ctx: &Ctx, busy: &BTreeMap<HookId, usize>, free: usize) -> Result<Vec<Parcel>, StoreError> {
    let now = ctx.clock.now();
    let hooks = store::hooks_due(&mut ctx.db.read().await?, now).await?;
    let mut all = Vec::new();
    for hook in hooks {
        let most = FOR_ONE.saturating_sub(busy.get(&hook).copied().unwrap_or(0)).min(free - all.len());
        if most == 0 {
            continue;
        }
        let mut tx = ctx.db.write_quiet("hooks.claim").await?;
        all.extend(store::claim(&mut tx, hook, most as i64, now).await?);
        tx.commit().await?;
    }
    Ok(all)
}

/// One try, from address to log.
async fn carry(ctx: Ctx, courier: Arc<Courier>, parcel: Parcel) -> HookId {
    if let Err(why) = tried(&ctx, &courier, &parcel).await {
        error!(error = &why as &dyn std::error::Error, delivery.id = %parcel.id, "A webhook could not be tried");
    }
    parcel.hook
}

async fn tried(ctx: &Ctx, courier: &Courier, parcel: &Parcel) -> Result<(), StoreError> {
    let found = store::destination(ctx, &mut ctx.db.read().await?, parcel.hook).await?;
    let Some((address, hook)) = found else { return Ok(()) };
    let (at, since) = (ctx.clock.now(), Instant::now());
    let old = hook.old_secret.as_ref().filter(|(_, until)| *until > at).map(|(old, _)| old.as_slice());
    let id = parcel.id.to_string();
    let seconds = at.millis() / 1000;
    let secrets = [Some(hook.secret.as_slice()), old].into_iter().flatten();
    let signature = sign::header(secrets, &id, seconds, &parcel.body);
    let said = match &address {
        Some(address) => courier.send(address, &Stamp { id, seconds, signature }, &parcel.body).await,
        None => Err((DeliveryTrouble::BadAddress, None)),
    };
    let (status, trouble) = match said {
        Ok(status) => (Some(status), None),
        Err((trouble, status)) => (status, Some(trouble)),
    };
    let state = match trouble {
        None => DeliveryState::Delivered,
        Some(_) if status == Some(GONE) || parcel.round >= MOST_TRIES => DeliveryState::Dead,
        Some(_) => DeliveryState::Waiting,
    };
    let [chance] = ctx.dice.bytes::<1>();
    let next_at = ctx.clock.now().plus(pause_after(parcel.round, chance));
    let mut tx = ctx.db.write_quiet("hooks.tried").await?;
    let came = (status.map(i64::from), trouble);
    store::tried(&mut tx, parcel, (at, since.elapsed()), came, (state, next_at)).await?;
    tx.commit().await?;
    match (state, trouble) {
        (DeliveryState::Delivered, _) => {
            info!(hook.id = %hook.id, delivery.id = %parcel.id, "A webhook was delivered");
        }
        (DeliveryState::Dead, Some(trouble)) => {
            warn!(hook.id = %hook.id, delivery.id = %parcel.id, %trouble, "A webhook was given up");
        }
        (DeliveryState::Waiting | DeliveryState::Dead, _) => {}
    }
    Ok(())
}
