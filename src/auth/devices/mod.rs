//! Signed-in browsers as their owner sees them: which, since when, last used when, and out with it.
//!
//! No address is kept and no version: browser and system are enough to know one's own by.

mod store;

use std::time::Duration;

use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

use crate::{
    ctx::Ctx,
    journal::{self, Actor, Entity, Entry},
    kernel::{FacilityId, Page, PageAsk, SessionId, Timestamp, UserId},
    store::{Query, StoreError},
};

/// How exact "last used" is: a write for every read would be a waste.
const NOTE_EVERY: Duration = Duration::from_mins(5);

/// One signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SessionView {
    /// Which session.
    pub id: SessionId,
    /// Browser and system, such as `Firefox, Windows`; empty if it did not say.
    pub device: String,
    /// Signed in since.
    pub since: Timestamp,
    /// Last used, to five minutes.
    pub last_seen: Timestamp,
    /// Over at the latest then.
    pub expires_at: Timestamp,
    /// The one that asks.
    pub current: bool,
}

/// Browser and system in two words, out of what a browser says about itself.
pub fn named(user_agent: &str) -> String {
    let says = |word: &str| user_agent.contains(word);
    let first =
        |words: &[(&str, &'static str)]| words.iter().find(|(mark, _)| says(mark)).map(|(_, name)| *name);
    // Every browser names those before it: the most particular one is looked for first.
    let browser = first(&[
        ("MicroMessenger/", "WeChat"),
        ("QQBrowser/", "QQ Browser"),
        ("Edg", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Windows", "Windows"),
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    [browser, system].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Notes now and then that a session is used.
pub(super) async fn note(
    ctx: &Ctx,
    session: SessionId,
    seen: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    if now.since(seen) < NOTE_EVERY {
        return Ok(());
    }
    let mut tx = ctx.db.write_quiet("auth.note_seen").await?;
    store::note_seen(&mut tx, session, now).await?;
    tx.commit().await
}

/// After which session a page begins: since when it is, and which it was.
pub type AfterSession = (Timestamp, SessionId);

/// The living sessions of a person, newest first. `mine` is the one that asks.
pub async fn of(
    tx: &mut impl Query,
    user: UserId,
    mine: Option<SessionId>,
    now: Timestamp,
    ask: &PageAsk<AfterSession>,
) -> Result<Page<SessionView>, StoreError> {
    store::sessions_of(tx, user, mine, now, ask).await
}

/// Signs a person out on one device; its line and seat go within a breath. False if there is no such session.
pub async fn end(
    ctx: &Ctx,
    by: (Actor, Option<FacilityId>),
    user: UserId,
    session: SessionId,
) -> Result<bool, StoreError> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("auth.end_session").await?;
    if !store::end(&mut tx, user, session).await? {
        return Ok(false);
    }
    // The socket's keeper looks at whoever the journal speaks of.
    let entry = Entry::new(at, by.0, by.1, Entity::User(user), "user.end_session")
        .with(serde_json::json!({ "session": session }));
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    info!(user.id = %user, session.id = %session, "A session was ended from elsewhere");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_by_its_name_and_its_system() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1";

        assert_eq!(named(chrome), "Chrome, Windows");
        assert_eq!(named(&format!("{chrome} Edg/150.0")), "Edge, Windows");
        assert_eq!(named(phone), "Safari, iPhone");
        assert_eq!(
            named("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"),
            "Firefox, Linux"
        );
        assert_eq!(named("curl/8.0"), "");
    }
}
