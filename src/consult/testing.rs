//! A door for tests: the system's steps, one at a time and out of turn.
//!
//! In service they are taken by [`super::tick`] when their time has come.

use super::{
    Error,
    form::Body,
    model::Consult,
    state::Action,
    step::{self, By},
    store,
};
use crate::{ctx::Ctx, kernel::ConsultId};

/// Takes one step in the system's name.
pub async fn act_as_system(ctx: &Ctx, id: ConsultId, action: Action) -> Result<Consult, Error> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("consult.test").await?;
    let mut consult = store::load(&mut tx, id).await?.ok_or(Error::NotFound(id))?;
    step::take(ctx, &mut tx, &mut consult, action, &Body::default(), &By::system(at)).await?;
    tx.commit().await?;
    Ok(consult)
}
