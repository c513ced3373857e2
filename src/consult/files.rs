//! The files of a consult: who may see them and who may add to them.

use super::{Error, around, commands::load_for, state::State};
use crate::{
    attachments::{Gate, Need, Opened, Owner},
    auth::{Principal, policy::Denied},
    ctx::Ctx,
    http::Problem,
    kernel::ConsultId,
    store::Query,
};

/// The consult as the keeper of its files. Reading follows the record; adding is for those
/// who play a part in it, as long as it was not taken back.
#[derive(Debug, Clone, Copy)]
pub struct FilesGate;

impl Gate for FilesGate {
    type Id = ConsultId;
    const LIST: &'static str = "consults";

    async fn open<Q: Query>(
        ctx: &Ctx,
        tx: &mut Q,
        who: &Principal,
        id: ConsultId,
        need: Need,
    ) -> Result<Opened, Problem> {
        let (consult, parts) = load_for(tx, who, id, ctx.clock.now()).await?;
        let shut = matches!(consult.state, State::Cancelled | State::Expired | State::EnteredInError);
        match need {
            Need::Read => {}
            Need::Change if shut => return Err(Error::Over { open: Vec::new() }.into()),
            Need::Change if parts.is_empty() => return Err(Error::from(Denied::NotClinical).into()),
            Need::Change => {}
        }
        let audience = around::audience(tx, &consult).await?;
        Ok(Opened { owner: Owner::Consult(id), patient: consult.patient, audience })
    }
}
