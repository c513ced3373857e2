//! The files of a referral: who may see them and who may add to them.

use super::{around, commands::opened, error::Error, state::MACHINE};
use crate::{
    attachments::{Gate, Need, Opened, Owner},
    auth::Principal,
    ctx::Ctx,
    http::Problem,
    kernel::ReferralId,
    store::Query,
};

/// The referral as the keeper of its files. Both sides add to them while it lives; whoever
/// only directs patients, or held it once, sees none.
#[derive(Debug, Clone, Copy)]
pub struct FilesGate;

impl Gate for FilesGate {
    type Id = ReferralId;
    const LIST: &'static str = "referrals";

    async fn open<Q: Query>(
        ctx: &Ctx,
        tx: &mut Q,
        who: &Principal,
        id: ReferralId,
        need: Need,
    ) -> Result<Opened, Problem> {
        let (referral, eyes) = opened(ctx, tx, who, id).await?;
        if eyes.sees_head_only() || eyes.held_until.is_some() {
            return Err(Error::Denied.into());
        }
        if need == Need::Change && MACHINE.is_terminal(referral.state) {
            return Err(Error::Shut { why: "over", open: eyes.open(&referral) }.into());
        }
        let audience = around::audience(tx, &referral).await?;
        Ok(Opened { owner: Owner::Referral(id), patient: referral.patient, audience })
    }
}
