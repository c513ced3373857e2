//! Presence: what a person says about themselves, believed only while their line is open.
//!
//! Every open socket renews a lease. When the last one is gone the lease runs out, and the
//! person counts as off whatever they said; nothing has to notice that they left.

use std::{collections::BTreeMap, time::Duration};

use super::{model::Status, store};
use crate::{
    ctx::Ctx,
    kernel::{Timestamp, UserId},
    store::{Query, Result},
};

/// What `said` counts for at `now`, with a lease until `lease_until`.
pub fn counts(said: Status, lease_until: Timestamp, now: Timestamp) -> Status {
    if now < lease_until { said } else { Status::Off }
}

/// Says what `user` is from now on.
pub async fn set(ctx: &Ctx, user: UserId, status: Status) -> Result<()> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.write_quiet("presence.set").await?;
    store::say_presence(&mut tx, user, status, now).await?;
    tx.commit().await
}

/// The person's line is open, and will be for `span`. The first time they are available.
pub async fn renew(ctx: &Ctx, user: UserId, span: Duration) -> Result<()> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.write_quiet("presence.renew").await?;
    store::renew_presence(&mut tx, user, now, now.plus(span)).await?;
    tx.commit().await
}

/// The person's last line was closed on purpose.
pub async fn leave(ctx: &Ctx, user: UserId) -> Result<()> {
    let mut tx = ctx.db.write_quiet("presence.leave").await?;
    store::end_lease(&mut tx, user, ctx.clock.now()).await?;
    tx.commit().await
}

/// What these people count for at `now`; everybody who is asked for is in the answer.
pub async fn of(tx: &mut impl Query, users: &[UserId], now: Timestamp) -> Result<BTreeMap<UserId, Status>> {
    let mut answer: BTreeMap<_, _> = users.iter().map(|user| (*user, Status::Off)).collect();
    for (user, said, lease_until) in store::presences(tx, users).await? {
        answer.insert(user, counts(said, lease_until, now));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_believed_after_their_line_is_gone() {
        let lease = Timestamp::from_millis(1_000);

        assert_eq!(counts(Status::Available, lease, Timestamp::from_millis(999)), Status::Available);
        assert_eq!(counts(Status::Available, lease, Timestamp::from_millis(1_000)), Status::Off);
    }
}
