//! Who may send patients where: what follows from the levels, and what was set by hand instead.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{model::Facility, store as directory};
use super::{Error, require, store};
use crate::{
    auth::{FacilityName, Principal, policy::Direction},
    ctx::Ctx,
    http::FieldError,
    journal::{self, Actor, Entity, Entry},
    kernel::FacilityId,
    store::{Query, WriteTx},
    words,
};

words! {
    /// What one facility is to another.
    pub enum FacilityRelation {
        /// Can do more: patients go up there.
        Up = "up",
        /// Closer to home: patients go back down there.
        Down = "down",
        /// An equal.
        Peer = "peer",
        /// Nothing is sent there.
        None = "none",
    }
}

impl From<Option<Direction>> for FacilityRelation {
    fn from(direction: Option<Direction>) -> Self {
        match direction {
            Some(Direction::Up) => Self::Up,
            Some(Direction::Down) => Self::Down,
            Some(Direction::Peer) => Self::Peer,
            None => Self::None,
        }
    }
}

/// One facility as another one's target.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RelationLine {
    /// Which one.
    pub facility: FacilityName,
    /// What follows from the levels.
    pub by_level: FacilityRelation,
    /// What was set by hand, and wins.
    pub by_hand: Option<FacilityRelation>,
}

/// Where a facility may send patients.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RelationsView {
    /// From where.
    pub from: FacilityName,
    /// To every other facility, those that can do most first.
    pub items: Vec<RelationLine>,
    /// Counts the changes by hand.
    pub version: i64,
}

/// What is to be set for one target.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationSet {
    /// The target.
    pub facility: FacilityId,
    /// What it is; null lets the levels decide again.
    pub by_hand: Option<FacilityRelation>,
}

/// Where `from` may send patients.
pub async fn show(ctx: &Ctx, who: &Principal, from: FacilityId) -> Result<RelationsView, Error> {
    require(who, from)?;
    let mut tx = ctx.db.read().await?;
    shown(&mut tx, from).await
}

async fn shown(tx: &mut impl Query, from: FacilityId) -> Result<RelationsView, Error> {
    let mut all = directory::facilities(tx).await?;
    let at = all.iter().position(|one| one.id == from).ok_or(Error::NotFound("facility"))?;
    let here = all.remove(at);
    let by_hand: BTreeMap<FacilityId, Option<Direction>> = directory::relations_by_hand(tx, from).await?;
    all.sort_by_cached_key(|one| (std::cmp::Reverse(one.level.rank()), one.pinyin.clone(), one.id));
    let line = |one: Facility| RelationLine {
        by_level: here.level.relation_to(one.level).into(),
        by_hand: by_hand.get(&one.id).map(|direction| FacilityRelation::from(*direction)),
        facility: one.name(),
    };
    let version = store::relations_version(tx, from).await?.ok_or(Error::NotFound("facility"))?;
    Ok(RelationsView { items: all.into_iter().map(line).collect(), from: here.name(), version })
}

/// Takes the change for oneself, if the relations are still those that were seen.
async fn claim(tx: &mut WriteTx, from: FacilityId, seen: i64) -> Result<(), Error> {
    if store::relations_change(tx, from, seen).await? {
        return Ok(());
    }
    let version = store::relations_version(tx, from).await?.ok_or(Error::NotFound("facility"))?;
    Err(Error::Stale { version })
}

/// Sets what `from` is to some targets; the others stay as they are.
///
/// # Errors
/// `Stale` if they were changed since they were seen; `Fields` names each target that is not there,
/// or that is `from` itself.
pub async fn write(
    ctx: &Ctx,
    who: &Principal,
    (from, seen): (FacilityId, i64),
    wanted: &[RelationSet],
) -> Result<RelationsView, Error> {
    require(who, from)?;
    let mut tx = ctx.db.write("relations.write").await?;
    claim(&mut tx, from, seen).await?;
    let before = shown(&mut tx, from).await?;
    let wrong: Vec<FieldError> = wanted
        .iter()
        .enumerate()
        .filter(|(_, set)| !before.items.iter().any(|line| line.facility.id == set.facility))
        .map(|(n, _)| FieldError {
            field: format!("items.{n}.facility"),
            code: "not_found".into(),
            params: None,
        })
        .collect();
    if !wrong.is_empty() {
        return Err(Error::Fields(wrong));
    }
    let mut changed = Vec::new();
    for set in wanted {
        let line = before.items.iter().find(|line| line.facility.id == set.facility);
        // What the levels say anyway need not be said by hand.
        let by_hand = set.by_hand.filter(|kind| line.is_none_or(|line| line.by_level != *kind));
        if line.is_some_and(|line| line.by_hand == by_hand) {
            continue;
        }
        store::set_relation(&mut tx, (from, set.facility), by_hand.map(FacilityRelation::word)).await?;
        changed.push(serde_json::json!({ "to": set.facility, "kind": by_hand }));
    }
    told(ctx, &mut tx, who, from, serde_json::json!({ "changed": changed })).await?;
    let after = shown(&mut tx, from).await?;
    tx.commit().await?;
    tracing::info!(facility.id = %from, changed = changed.len(), "Relations were set by hand");
    Ok(after)
}

/// Lets the levels decide again everything that `from` was set to by hand.
///
/// # Errors
/// `Stale` if they were changed since they were seen.
pub async fn by_level(
    ctx: &Ctx,
    who: &Principal,
    (from, seen): (FacilityId, i64),
) -> Result<RelationsView, Error> {
    require(who, from)?;
    let mut tx = ctx.db.write("relations.by_level").await?;
    claim(&mut tx, from, seen).await?;
    store::clear_relations(&mut tx, from).await?;
    told(ctx, &mut tx, who, from, serde_json::json!({ "by_level": true })).await?;
    let after = shown(&mut tx, from).await?;
    tx.commit().await?;
    tracing::info!(facility.id = %from, "Relations follow from the levels again");
    Ok(after)
}

async fn told(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    from: FacilityId,
    payload: serde_json::Value,
) -> Result<(), Error> {
    let at = ctx.clock.now();
    let entry =
        Entry::new(at, Actor::User(who.user), Some(who.acting), Entity::Facility(from), "relations.write")
            .with(payload);
    journal::append(tx, entry, &[]).await?;
    Ok(())
}
