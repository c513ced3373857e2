//! Who may be disturbed: saying it, and watching others say it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        ask::Ask,
        protocol::{Outcome, Watched},
    },
    Answer, Speaker, refusal,
};
use crate::{
    auth::{self, Status},
    directory,
    kernel::UserId,
    store::StoreError,
};

/// `presence.set`: counts at once, for those who watch as well.
pub async fn say_presence(speaker: &Speaker, status: Status) -> Answer {
    auth::set_presence(speaker.signal().ctx(), speaker.user(), status).await.map_err(refusal::fault)?;
    speaker.signal().mention(Ask::Presence(BTreeMap::from([(speaker.user(), status)])));
    Ok(Outcome::done())
}

/// `presence.watch`: people and departments; it replaces what was watched before.
pub async fn watch(speaker: &Speaker, scope: &[Watched]) -> Answer {
    let (people, presence) = looked_up(speaker, scope).await.map_err(refusal::fault)?;
    speaker.signal().mention(Ask::Presence(presence));
    speaker.signal().note(Ask::Watch(speaker.line(), people)).await;
    Ok(Outcome::done())
}

async fn looked_up(
    speaker: &Speaker,
    scope: &[Watched],
) -> Result<(BTreeSet<UserId>, BTreeMap<UserId, Status>), StoreError> {
    let ctx = speaker.signal().ctx();
    let mut tx = ctx.db.read().await?;
    let mut people = BTreeSet::new();
    for watched in scope {
        match watched {
            Watched::Person(user) => {
                people.insert(*user);
            }
            Watched::Department(department) => {
                people.extend(directory::doctors_of(&mut tx, *department).await?);
            }
        }
    }
    let all: Vec<_> = people.iter().copied().collect();
    let presence = auth::presence_of(&mut tx, &all, ctx.clock.now()).await?;
    Ok((people, presence))
}
