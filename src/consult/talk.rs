//! The conversation beside the call: written down once, however often it is sent.

use serde_json::json;

use super::{
    Error, around,
    commands::load_for,
    form,
    model::{Consult, Message},
    state::{MACHINE, State},
    step::{self, By},
    store::said,
    view::{self, MessageView},
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    directory::Names,
    journal::{self, Entity, Entry},
    kernel::{AttachmentId, ConsultId, MessageId, Page, PageAsk, Timestamp},
    store::WriteTx,
};

/// The longest message: what fits on one screen.
const LONGEST: usize = 4_000;

/// What is to be said.
#[derive(Debug)]
pub enum Words<'a> {
    /// A text.
    Text(&'a str),
    /// A file that was linked to the consult, by its name.
    File(AttachmentId, &'a str),
}

/// Says something in a consult. The same `client_msg_id` by the same person is said once.
///
/// # Errors
/// `Over` before the consult was sent and after it ended; `Invalid` for an empty or endless text.
pub async fn say(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    id: ConsultId,
    words: Words<'_>,
    client_msg_id: Option<&str>,
) -> Result<MessageView, Error> {
    let at = ctx.clock.now();
    let (mut consult, parts) = load_for(tx, who, id, at).await?;
    if let Some(key) = client_msg_id {
        if key.is_empty() || key.len() > 100 {
            return Err(form::wrong("client_msg_id", "not_right").into());
        }
        if let Some(before) = said::sent_before(ctx, tx, id, who.user, key).await? {
            return view::message(tx, &mut Names::default(), before).await;
        }
    }
    if consult.opened_at.is_none() || MACHINE.is_terminal(consult.state) {
        return Err(Error::Over { open: step::open_and_shut(&consult, &parts, at).0 });
    }
    let message = written(ctx, who, words, client_msg_id, at)?;
    said::say(ctx, tx, id, &message).await?;
    let entity = Entity::Consult(id);
    let entry = Entry::new(at, journal::Actor::User(who.user), Some(who.acting), entity, "consult.message")
        .with(json!({ "message": message.id, "kind": message.kind }));
    let audience = around::audience(tx, &consult).await?;
    journal::append(tx, entry, &audience).await?;
    meet_in_writing(ctx, tx, &mut consult, at).await?;
    view::message(tx, &mut Names::default(), message).await
}

fn written(
    ctx: &Ctx,
    who: &Principal,
    words: Words<'_>,
    client_msg_id: Option<&str>,
    at: Timestamp,
) -> Result<Message, Error> {
    let (kind, body, attachment) = match words {
        Words::Text(text) => ("text", form::needed("body", Some(text))?, None),
        Words::File(attachment, name) => ("file", name.to_owned(), Some(attachment)),
    };
    if body.chars().count() > LONGEST {
        return Err(form::wrong("body", "too_long").into());
    }
    Ok(Message {
        id: MessageId::draw(at, &*ctx.dice),
        author: Some(who.user),
        kind: kind.to_owned(),
        body,
        attachment,
        client_msg_id: client_msg_id.map(str::to_owned),
        at,
    })
}

/// C12 knows two ways to be there: media and text. Both wrote since it was accepted: both are there.
async fn meet_in_writing(
    ctx: &Ctx,
    tx: &mut WriteTx,
    consult: &mut Consult,
    at: Timestamp,
) -> Result<(), Error> {
    let Some(doctor) = consult.to_user.filter(|_| consult.state == State::Accepted) else { return Ok(()) };
    let since = consult.state_since;
    let both = said::wrote_since(tx, consult.id, consult.from_user, since).await?
        && said::wrote_since(tx, consult.id, doctor, since).await?;
    if both {
        step::take(ctx, tx, consult, super::state::Action::Join, &form::Body::default(), &By::system(at))
            .await?;
    }
    Ok(())
}

/// Says a text, in a transaction of its own: the socket's way in.
pub async fn say_now(
    ctx: &Ctx,
    who: &Principal,
    id: ConsultId,
    text: &str,
    client_msg_id: Option<&str>,
) -> Result<MessageView, Error> {
    let mut tx = ctx.db.write("consult.message").await?;
    let view = say(ctx, &mut tx, who, id, Words::Text(text), client_msg_id).await?;
    tx.commit().await?;
    Ok(view)
}

/// The latest of what was said, for somebody who may read it, oldest first; the next page is
/// what was said before.
pub async fn messages(
    ctx: &Ctx,
    who: &Principal,
    id: ConsultId,
    ask: &PageAsk<i64>,
) -> Result<Page<MessageView>, Error> {
    let mut tx = ctx.db.read().await?;
    load_for(&mut tx, who, id, ctx.clock.now()).await?;
    let page = Page::cut(said::before(ctx, &mut tx, id, ask).await?, ask, |(n, _)| *n);
    let next = page.next;
    let mut said: Vec<Message> = page.items.into_iter().map(|(_, message)| message).collect();
    said.reverse();
    Ok(Page { items: view::messages(&mut tx, said).await?, next })
}

/// One message, for an event that tells of it. Who may hear it was decided by the audience.
pub async fn message(ctx: &Ctx, id: MessageId) -> Result<Option<(ConsultId, MessageView)>, Error> {
    let mut tx = ctx.db.read().await?;
    let Some((consult, message)) = said::one(ctx, &mut tx, id).await? else { return Ok(None) };
    Ok(Some((consult, view::message(&mut tx, &mut Names::default(), message).await?)))
}
