//! What one has oneself: the browsers one is signed in with, and the programs that act as one.
//! Both are seen page by page and ended one by one.

mod api;

use std::future::Future;

use serde::Serialize;
use utoipa::ToSchema;

pub(super) use api::doors;

use super::{
    Principal,
    devices::{self, SessionView},
    tokens::{self, TokenLine, TokensOf},
};
use crate::{
    ctx::Ctx,
    journal::Actor,
    kernel::{Page, PageAsk, SessionId, Timestamp},
    store::StoreError,
};

/// After which a page begins: since when it is, and which it was.
type After = (Timestamp, SessionId);

/// Something of one's own that can be ended.
pub(super) trait Own: Send + Sync + 'static {
    /// How it is shown in a list.
    type Line: Serialize + ToSchema + Send + 'static;
    /// Its list.
    const PATH: &'static str;
    /// What a refusal calls one of them.
    const NOUN: &'static str;
    /// What the document calls listing them, and says of it.
    const LISTED: [&'static str; 2];
    /// The same for ending one.
    const ENDED: [&'static str; 2];

    /// The caller's living ones, newest first.
    fn page(
        ctx: &Ctx,
        who: &Principal,
        ask: &PageAsk<After>,
    ) -> impl Future<Output = Result<Page<Self::Line>, StoreError>> + Send;

    /// Ends one of the caller's; false if there is none.
    fn end(
        ctx: &Ctx,
        who: &Principal,
        id: SessionId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// The browsers one is signed in with.
pub(super) struct Browsers;

impl Own for Browsers {
    type Line = SessionView;
    const PATH: &'static str = "/sessions";
    const NOUN: &'static str = "session";
    const LISTED: [&'static str; 2] = ["list_sessions", "The browsers in which the caller is signed in."];
    const ENDED: [&'static str; 2] = ["end_session", "Signs the caller out in another browser."];

    async fn page(ctx: &Ctx, who: &Principal, ask: &PageAsk<After>) -> Result<Page<SessionView>, StoreError> {
        let mut tx = ctx.db.read().await?;
        devices::of(&mut tx, who.user, Some(who.session), ctx.clock.now(), ask).await
    }

    async fn end(ctx: &Ctx, who: &Principal, id: SessionId) -> Result<bool, StoreError> {
        devices::end(ctx, (Actor::User(who.user), Some(who.acting)), who.user, id).await
    }
}

/// The programs that act as one: whoever looks after accounts makes their tokens.
pub(super) struct Programs;

impl Own for Programs {
    type Line = TokenLine;
    const PATH: &'static str = "/session/tokens";
    const NOUN: &'static str = "token";
    const LISTED: [&'static str; 2] = ["list_own_tokens", "The living API tokens that act as the caller."];
    const ENDED: [&'static str; 2] = ["revoke_own_token", "Revokes an API token that acts as the caller."];

    async fn page(ctx: &Ctx, who: &Principal, ask: &PageAsk<After>) -> Result<Page<TokenLine>, StoreError> {
        let of = TokensOf::Living(who.user, ctx.clock.now());
        tokens::tokens(&mut ctx.db.read().await?, &of, ask).await
    }

    async fn end(ctx: &Ctx, who: &Principal, id: SessionId) -> Result<bool, StoreError> {
        tokens::revoke_own(ctx, who, id).await
    }
}
