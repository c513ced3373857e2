//! The rows of the people around a consult: who is rung, who takes part, who sits there.

use std::collections::BTreeSet;

use super::super::model::{Consult, Ring, RingState, Side};
use crate::{
    ctx::Ctx,
    kernel::{ConsultId, ParticipantId, RingId, Timestamp, UserId},
    store::{Query, Result, Row, WriteTx, among, args},
};

fn ring_of(row: &Row) -> Result<Ring> {
    Ok(Ring {
        id: row.get("id")?,
        round: row.get("round")?,
        user: row.get("user_id")?,
        tier: row.get("tier")?,
        state: row.parse("state")?,
        started_at: row.get("started_at")?,
        expires_at: row.get("expires_at")?,
        is_snoozed: row.get::<Option<String>>("reason_code")?.as_deref() == Some("snoozed"),
    })
}

/// Every ring of a consult, oldest first.
pub async fn rings(tx: &mut impl Query, id: ConsultId) -> Result<Vec<Ring>> {
    let rows = tx
        .fetch_all(
            "SELECT id, round, user_id, tier, state, started_at, expires_at, reason_code
               FROM rings WHERE consult_id = $1 ORDER BY round, started_at, tier, id",
            args![id],
        )
        .await?;
    rows.iter().map(ring_of).collect()
}

/// How many rings are on record, and how many of them were answered.
pub async fn rings_counted(tx: &mut impl Query) -> Result<(i64, i64)> {
    let row = tx
        .fetch_one(
            "SELECT COUNT(*) AS sent, COUNT(CASE WHEN state = 'accepted' THEN 1 END) AS answered FROM rings",
            args![],
        )
        .await?;
    Ok((row.get("sent")?, row.get("answered")?))
}

/// What rings at a person now, oldest first.
pub async fn ringing_at(tx: &mut impl Query, user: UserId, now: Timestamp) -> Result<Vec<(ConsultId, Ring)>> {
    let rows = tx
        .fetch_all(
            "SELECT id, consult_id, round, user_id, tier, state, started_at, expires_at, reason_code
               FROM rings WHERE user_id = $1 AND state = 'ringing' AND expires_at > $2 ORDER BY started_at, id",
            args![user, now],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("consult_id")?, ring_of(row)?))).collect()
}

/// One ring and its consult.
pub async fn ring(tx: &mut impl Query, id: RingId) -> Result<Option<(ConsultId, Ring)>> {
    let row = tx
        .fetch_optional(
            "SELECT id, consult_id, round, user_id, tier, state, started_at, expires_at, reason_code
               FROM rings WHERE id = $1",
            args![id],
        )
        .await?;
    row.map(|row| Ok((row.get("consult_id")?, ring_of(&row)?))).transpose()
}

/// What still rings of a consult.
pub async fn still_ringing(tx: &mut impl Query, id: ConsultId) -> Result<Vec<(RingId, UserId)>> {
    let rows = tx
        .fetch_all(
            "SELECT id, user_id FROM rings WHERE consult_id = $1 AND state = 'ringing' ORDER BY started_at, id",
            args![id],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("user_id")?))).collect()
}

/// The ring has reached a browser of the person's. False if it had before, or is not theirs.
pub async fn arrived(tx: &mut WriteTx, id: RingId, user: UserId, at: Timestamp) -> Result<bool> {
    let sql = "UPDATE rings SET arrived_at = $1 WHERE id = $2 AND user_id = $3 AND arrived_at IS NULL";
    Ok(tx.execute(sql, args![at, id, user]).await? == 1)
}

/// The ring is on a screen that is looked at. False if it was before, or is not theirs.
pub async fn seen(tx: &mut WriteTx, id: RingId, user: UserId, at: Timestamp) -> Result<bool> {
    let sql = "UPDATE rings SET seen_at = $1 WHERE id = $2 AND user_id = $3 AND seen_at IS NULL";
    Ok(tx.execute(sql, args![at, id, user]).await? == 1)
}

/// Ends one ring.
pub async fn end_ring(tx: &mut WriteTx, id: RingId, how: RingState, at: Timestamp) -> Result<()> {
    let sql = "UPDATE rings SET state = $1, ended_at = $2 WHERE id = $3";
    tx.execute(sql, args![how.word(), at, id]).await?;
    Ok(())
}

/// Whom a ring of this tier still reaches.
pub async fn ringing_as(tx: &mut impl Query, id: ConsultId, tier: i64) -> Result<Vec<(RingId, UserId)>> {
    let rows = tx
        .fetch_all(
            "SELECT id, user_id FROM rings WHERE consult_id = $1 AND tier = $2 AND state = 'ringing'",
            args![id, tier],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("user_id")?))).collect()
}

/// Ends one ring without an answer; it may ring again after `until`.
pub async fn put_off(
    tx: &mut WriteTx,
    id: RingId,
    why: &'static str,
    (at, until): (Timestamp, Timestamp),
) -> Result<()> {
    tx.execute(
        "UPDATE rings SET state = 'expired', ended_at = $1, expires_at = $2, reason_code = $3 WHERE id = $4",
        args![at, until, why, id],
    )
    .await?;
    Ok(())
}

/// Begins to ring a person; says under which id.
pub async fn begin_ring(
    ctx: &Ctx,
    tx: &mut WriteTx,
    consult: &Consult,
    (user, tier): (UserId, i64),
    (from, until): (Timestamp, Timestamp),
) -> Result<RingId> {
    let id = RingId::draw(from, &*ctx.dice);
    tx.execute(
        "INSERT INTO rings (id, consult_id, round, user_id, tier, state, started_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, 'ringing', $6, $7)
             ON CONFLICT (consult_id, round, user_id)
             DO UPDATE SET id = excluded.id, tier = excluded.tier, state = 'ringing', reason_code = NULL,
                           started_at = excluded.started_at, expires_at = excluded.expires_at,
                           ended_at = NULL, arrived_at = NULL, seen_at = NULL",
        args![id, consult.id, consult.ring_round, user, tier, from, until],
    )
    .await?;
    Ok(id)
}

/// Writes down that a person declined, rung or not, so that he is not rung in this round.
pub async fn decline(
    ctx: &Ctx,
    tx: &mut WriteTx,
    consult: &Consult,
    user: UserId,
    reason: &'static str,
    at: Timestamp,
) -> Result<()> {
    let id = RingId::draw(at, &*ctx.dice);
    tx.execute(
        "INSERT INTO rings (id, consult_id, round, user_id, tier, state, started_at, expires_at, ended_at, reason_code)
         VALUES ($1, $2, $3, $4, 9, 'declined', $5, $5, $5, $6)
             ON CONFLICT (consult_id, round, user_id)
             DO UPDATE SET state = 'declined', ended_at = excluded.ended_at, reason_code = excluded.reason_code",
        args![id, consult.id, consult.ring_round, user, at, reason],
    )
    .await?;
    Ok(())
}

/// Ends the ring of one person who answered.
pub async fn answered_by(tx: &mut WriteTx, id: ConsultId, user: UserId, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE rings SET state = 'accepted', ended_at = $1
          WHERE consult_id = $2 AND user_id = $3 AND state = 'ringing'",
        args![at, id, user],
    )
    .await?;
    end_rings(tx, id, RingState::AnsweredElsewhere, at).await
}

/// Ends whatever still rings.
pub async fn end_rings(tx: &mut WriteTx, id: ConsultId, how: RingState, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE rings SET state = $1, ended_at = $2 WHERE consult_id = $3 AND state = 'ringing'",
        args![how.word(), at, id],
    )
    .await?;
    Ok(())
}

/// Ends what rang out.
pub async fn expire_rings(tx: &mut WriteTx, id: ConsultId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE rings SET state = 'expired', ended_at = $1
          WHERE consult_id = $2 AND state = 'ringing' AND expires_at <= $1",
        args![now, id],
    )
    .await?;
    Ok(())
}

/// Lets a person take part, on a side. Somebody who does already stays where he is.
pub async fn invite(
    ctx: &Ctx,
    tx: &mut WriteTx,
    id: ConsultId,
    user: UserId,
    side: Side,
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO participants (id, consult_id, user_id, side) VALUES ($1, $2, $3, $4)
             ON CONFLICT (consult_id, user_id) DO NOTHING",
        args![ParticipantId::draw(at, &*ctx.dice), id, user, side.word()],
    )
    .await?;
    Ok(())
}

/// Somebody who takes part asked this person in.
pub async fn ask_in(tx: &mut WriteTx, id: ConsultId, user: UserId, by: UserId) -> Result<()> {
    let sql = "UPDATE participants SET invited_by = $1 WHERE consult_id = $2 AND user_id = $3";
    tx.execute(sql, args![by, id, user]).await?;
    Ok(())
}

/// Who asked this person in, if anybody did.
pub async fn asked_in_by(tx: &mut impl Query, id: ConsultId, user: UserId) -> Result<Option<UserId>> {
    let sql = "SELECT invited_by FROM participants WHERE consult_id = $1 AND user_id = $2";
    let row = tx.fetch_optional(sql, args![id, user]).await?;
    row.map_or(Ok(None), |row| row.get("invited_by"))
}

/// Nobody is asked in any more: the consult goes on elsewhere.
pub async fn ask_out(tx: &mut WriteTx, id: ConsultId) -> Result<()> {
    tx.execute("UPDATE participants SET invited_by = NULL WHERE consult_id = $1", args![id]).await?;
    Ok(())
}

/// The name of a person's seat in the record.
pub async fn participant(tx: &mut impl Query, id: ConsultId, user: UserId) -> Result<Option<ParticipantId>> {
    let row = tx
        .fetch_optional("SELECT id FROM participants WHERE consult_id = $1 AND user_id = $2", args![id, user])
        .await?;
    row.map(|row| row.get("id")).transpose()
}

/// A person sits down.
pub async fn sit(tx: &mut WriteTx, id: ConsultId, user: UserId, side: Side, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE participants SET joined_at = $1, left_at = NULL, side = $2 WHERE consult_id = $3 AND user_id = $4",
        args![at, side.word(), id, user],
    )
    .await?;
    Ok(())
}

/// A person stands up, or is gone.
pub async fn stand(tx: &mut WriteTx, id: ConsultId, user: UserId, at: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE participants SET left_at = $1
          WHERE consult_id = $2 AND user_id = $3 AND joined_at IS NOT NULL AND left_at IS NULL",
        args![at, id, user],
    )
    .await
}

/// Everybody stands up: the consult is over, or the program was started anew.
pub async fn clear(tx: &mut WriteTx, id: ConsultId, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE participants SET left_at = $1 WHERE consult_id = $2 AND joined_at IS NOT NULL AND left_at IS NULL",
        args![at, id],
    )
    .await?;
    Ok(())
}

/// The sides on which somebody sits.
pub async fn sides_present(tx: &mut impl Query, id: ConsultId) -> Result<Vec<Side>> {
    let rows = tx
        .fetch_all(
            "SELECT DISTINCT side FROM participants
              WHERE consult_id = $1 AND joined_at IS NOT NULL AND left_at IS NULL",
            args![id],
        )
        .await?;
    rows.iter().map(|row| row.parse("side")).collect()
}

/// Everybody who takes part, or was rung: they may read it and hear of it.
pub async fn takes_part(tx: &mut impl Query, id: ConsultId) -> Result<Vec<UserId>> {
    let rows = tx
        .fetch_all(
            "SELECT user_id FROM participants WHERE consult_id = $1
              UNION
             SELECT user_id FROM rings WHERE consult_id = $1",
            args![id],
        )
        .await?;
    rows.iter().map(|row| row.get("user_id")).collect()
}

/// Who is asked to come on the side that answers, besides the doctor who took it.
pub async fn invited(tx: &mut impl Query, consult: &Consult) -> Result<Vec<UserId>> {
    let rows = tx
        .fetch_all(
            "SELECT user_id FROM participants WHERE consult_id = $1 AND side = 'to' ORDER BY id",
            args![consult.id],
        )
        .await?;
    let people: Vec<UserId> = rows.iter().map(|row| row.get("user_id")).collect::<Result<_>>()?;
    Ok(people.into_iter().filter(|user| Some(*user) != consult.to_user).collect())
}

/// Who was rung or took part may look back for so long (trust: an ended grant).
const LOOK_BACK: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);

/// The consults to which a person is tied, by having been rung or by taking part.
pub async fn ties(
    tx: &mut impl Query,
    consults: &[&Consult],
    user: UserId,
    now: Timestamp,
) -> Result<BTreeSet<ConsultId>> {
    let since = now.minus(LOOK_BACK);
    let fresh = |c: &&&Consult| c.ended_at.is_none_or(|ended| ended >= since);
    let lately: Vec<ConsultId> = consults.iter().filter(fresh).map(|c| c.id).collect();
    let all: Vec<ConsultId> = consults.iter().map(|c| c.id).collect();
    let mut values = args![user, since];
    let (lately, all) = (among(&lately, &mut values), among(&all, &mut values));
    let sql = format!(
        "SELECT consult_id FROM participants WHERE user_id = $1 AND consult_id IN ({lately})
          UNION
         SELECT consult_id FROM rings
          WHERE user_id = $1
            AND consult_id IN ({all})
            AND (state = 'ringing' OR COALESCE(ended_at, expires_at) >= $2)"
    );
    let rows = tx.fetch_built(sql, values).await?;
    rows.iter().map(|row| row.get("consult_id")).collect()
}

/// The side on which a person takes part, if he does.
pub async fn side(tx: &mut impl Query, id: ConsultId, user: UserId) -> Result<Option<Side>> {
    let row = tx
        .fetch_optional(
            "SELECT side FROM participants WHERE consult_id = $1 AND user_id = $2",
            args![id, user],
        )
        .await?;
    row.map(|row| row.parse("side")).transpose()
}

/// Everybody who sits anywhere.
pub async fn all_seated(tx: &mut impl Query) -> Result<Vec<(ConsultId, UserId)>> {
    let rows = tx
        .fetch_all(
            "SELECT consult_id, user_id FROM participants WHERE joined_at IS NOT NULL AND left_at IS NULL",
            args![],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("consult_id")?, row.get("user_id")?))).collect()
}
