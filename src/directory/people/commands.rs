//! What an administrator does with accounts: enter, change, hand over a link, suspend, let in again.

use serde_json::json;
use tracing::info;

use super::{
    model::{Deed, FirstSteps, NewStaff, RoleAsk, Staff, StaffChange, StaffView, Standing, is_login},
    store,
};
use crate::{
    auth::{
        self, Membership, Principal, Role,
        devices::{self, SessionView},
        links::{self, Link},
        oversight::{NotYours, Oversight},
    },
    ctx::Ctx,
    directory::{self, NewPerson},
    http::{FieldError, NotAgain, Once, StoredAnswer},
    journal::{self, Actor, Entity, Entry},
    kernel::{FacilityId, Page, PageAsk, SessionId, UserId, pinyin},
    store::{Query, StoreError, WriteTx},
};

/// Roles one person may hold at once.
const MOST_ROLES: usize = 20;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such person, or none of the caller's.
    #[error("no such person")]
    NotFound,
    /// The caller sees the account and may not do this with it.
    #[error("not yours to decide")]
    NotAllowed,
    /// The alliance would have nobody to look after it.
    #[error("the last administrator")]
    LastAdministrator,
    /// The account stands otherwise than the step asks for.
    #[error("the account is {0}")]
    WrongState(Standing),
    /// Somebody changed it meanwhile.
    #[error("changed meanwhile")]
    Stale,
    /// What was typed is not right.
    #[error("fields are not right")]
    Fields(Vec<FieldError>),
    /// It was done before, or the key stands for something else.
    #[error(transparent)]
    NotAgain(#[from] NotAgain),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who does it.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// An administrator.
    Person(&'a Principal),
    /// Whoever runs the machine, from its terminal.
    Operator,
}

impl By<'_> {
    fn oversight(self) -> Oversight {
        match self {
            Self::Person(who) => Oversight::of(who),
            Self::Operator => Oversight::Alliance,
        }
    }

    fn user(self) -> Option<UserId> {
        match self {
            Self::Person(who) => Some(who.user),
            Self::Operator => None,
        }
    }

    pub(super) fn actor(self) -> (Actor, Option<FacilityId>) {
        match self {
            Self::Person(who) => (Actor::User(who.user), Some(who.acting)),
            Self::Operator => (Actor::System, None),
        }
    }
}

/// What a list of people is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Name, pinyin, initials, title or login.
    pub q: Option<String>,
    /// Only those with a role at this facility.
    pub facility: Option<FacilityId>,
    /// Only those whose account stands like this.
    pub standing: Option<Standing>,
}

/// The key by which the list goes on: pinyin and id.
pub type After = (String, UserId);

/// The people the caller looks after, by name.
pub async fn list(
    ctx: &Ctx,
    who: &Principal,
    wanted: &Wanted,
    ask: &PageAsk<After>,
) -> Result<Page<StaffView>, Error> {
    let oversight = Oversight::of(who);
    if oversight == Oversight::Nobody {
        return Err(Error::NotAllowed);
    }
    let typed = wanted.q.as_deref().map(str::trim).filter(|typed| !typed.is_empty());
    let mut tx = ctx.db.read().await?;
    let mut fitting: Vec<StaffView> = Vec::new();
    for staff in store::everybody(&mut tx, ctx.clock.now()).await? {
        let fits = oversight.sees(&staff.roles())
            && typed.is_none_or(|typed| staff.fits(typed))
            && wanted.standing.is_none_or(|standing| staff.standing == standing)
            && wanted.facility.is_none_or(|at| staff.memberships.iter().any(|m| m.facility.id == at));
        if fits {
            fitting.push(view(By::Person(who), staff));
        }
    }
    let key = |staff: &StaffView| (staff.pinyin.clone(), staff.id);
    fitting.sort_by_cached_key(key);
    let begun = ask.after.as_ref().map_or(0, |after| fitting.partition_point(|staff| key(staff) <= *after));
    let wanted = usize::try_from(ask.one_more()).unwrap_or(usize::MAX);
    Ok(Page::cut(fitting.into_iter().skip(begun).take(wanted).collect(), ask, key))
}

/// How far a fresh alliance has come, for those who look after it.
pub async fn first_steps(ctx: &Ctx, who: &Principal) -> Result<FirstSteps, Error> {
    if Oversight::of(who) == Oversight::Nobody {
        return Err(Error::NotAllowed);
    }
    Ok(store::first_steps(&mut ctx.db.read().await?).await?)
}

/// One person.
///
/// # Errors
/// `NotFound` if the caller does not look after them.
pub async fn show(ctx: &Ctx, who: &Principal, id: UserId) -> Result<StaffView, Error> {
    let mut tx = ctx.db.read().await?;
    Ok(view(By::Person(who), seen_by(ctx, &mut tx, By::Person(who), id).await?))
}

pub(super) async fn seen_by(ctx: &Ctx, tx: &mut impl Query, by: By<'_>, id: UserId) -> Result<Staff, Error> {
    let staff = store::one(tx, id, ctx.clock.now()).await?.ok_or(Error::NotFound)?;
    if by.oversight().sees(&staff.roles()) { Ok(staff) } else { Err(Error::NotFound) }
}

/// What `by` may do with the account, in order.
fn open_to(by: By<'_>, staff: &Staff) -> Vec<Deed> {
    let roles = staff.roles();
    let oversight = by.oversight();
    if !oversight.rules(&roles) {
        let mine = roles.iter().any(|role| oversight.gives(role));
        return if mine { vec![Deed::Roles] } else { Vec::new() };
    }
    let (me, open) = (by.user() == Some(staff.id), staff.standing == Standing::Active);
    let all = [
        (Deed::Edit, true),
        (Deed::Roles, true),
        // Who found an open browser must not make themselves at home with a new password.
        (Deed::PasswordLink, open && !me),
        (Deed::Sessions, true),
        (Deed::Suspend, open && !me),
        (Deed::Reinstate, !open),
    ];
    all.into_iter().filter_map(|(deed, is_open)| is_open.then_some(deed)).collect()
}

pub(super) fn require(by: By<'_>, staff: &Staff, deed: Deed) -> Result<(), Error> {
    if open_to(by, staff).contains(&deed) {
        return Ok(());
    }
    let mine = by.oversight().rules(&staff.roles()) && by.user() != Some(staff.id);
    Err(if mine { Error::WrongState(staff.standing) } else { Error::NotAllowed })
}

fn view(by: By<'_>, staff: Staff) -> StaffView {
    StaffView {
        open_actions: open_to(by, &staff),
        id: staff.id,
        login: staff.login,
        name: staff.name,
        pinyin: staff.pinyin,
        title: staff.title,
        phone: staff.phone,
        standing: staff.standing,
        has_password: staff.has_password,
        link_until: staff.link_until,
        sessions: staff.sessions,
        memberships: staff.memberships,
        created_at: staff.created_at,
        version: staff.version,
    }
}

/// Enters a person. They cannot sign in before they set a password by link.
pub async fn enter(ctx: &Ctx, who: &Principal, new: NewStaff, once: &Once) -> Result<StoredAnswer, Error> {
    let by = By::Person(who);
    let mut tx = ctx.db.write("user.enter").await?;
    once.claim(ctx, &mut tx, ctx.clock.now()).await??;
    let login = new.login.as_str().to_lowercase();
    let mut wrong = Vec::new();
    if !is_login(&login) {
        wrong.push(field("login", "not_right"));
    } else if directory::user_by_login(&mut tx, &login).await?.is_some() {
        wrong.push(field("login", "taken"));
    }
    let title = line(&new.title, "title", &mut wrong);
    let phone = line(new.phone.as_deref().unwrap_or_default(), "phone", &mut wrong);
    let roles = fitting_roles(&mut tx, &new.memberships, &mut wrong).await?;
    if !wrong.is_empty() {
        return Err(Error::Fields(wrong));
    }
    // Somebody who is not there yet is nobody's own account.
    by.oversight().allows((None, who.user), &[], &roles).map_err(refused)?;
    let person = NewPerson {
        login,
        name: new.name.as_str().to_owned(),
        title,
        phone: Some(phone).filter(|phone| !phone.is_empty()),
        roles,
    };
    let id = directory::add_person_without_password(ctx, &mut tx, by.actor().0, &person).await?;
    let answer = kept(ctx, &mut tx, by, id, 201).await?;
    once.keep(ctx, &mut tx, &answer).await?;
    tx.commit().await?;
    info!(user.id = %id, facility.id = %who.acting, "A person was entered");
    Ok(answer)
}

/// Changes what a person is called and what they are where. Whose roles changed signs in again.
pub async fn edit(
    ctx: &Ctx,
    who: &Principal,
    id: UserId,
    seen: i64,
    change: StaffChange,
) -> Result<StaffView, Error> {
    let by = By::Person(who);
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("user.edit").await?;
    store::take_turns(&mut tx).await?;
    let mut staff = seen_by(ctx, &mut tx, by, id).await?;
    if staff.version != seen {
        return Err(Error::Stale);
    }
    let before = staff.roles();
    let mut wrong = Vec::new();
    let mut changed = Vec::new();
    if change.name.is_some() || change.title.is_some() || change.phone.is_some() {
        require(by, &staff, Deed::Edit)?;
    }
    if let Some(name) = change.name {
        staff.pinyin = pinyin::read_name(name.as_str()).shown();
        name.as_str().clone_into(&mut staff.name);
        changed.push("name");
    }
    if let Some(title) = change.title {
        staff.title = line(&title, "title", &mut wrong);
        changed.push("title");
    }
    if let Some(phone) = change.phone {
        let phone = line(phone.as_deref().unwrap_or_default(), "phone", &mut wrong);
        staff.phone = Some(phone).filter(|phone| !phone.is_empty());
        changed.push("phone");
    }
    let mut after = before.clone();
    if let Some(asked) = change.memberships {
        after = fitting_roles(&mut tx, &asked, &mut wrong).await?;
    }
    if !wrong.is_empty() {
        return Err(Error::Fields(wrong));
    }
    let mut payload = json!({ "changed": changed });
    if after != before {
        require(by, &staff, Deed::Roles)?;
        by.oversight().allows((by.user(), id), &before, &after).map_err(refused)?;
        let stays = after.iter().any(|role| role.role == Role::AllianceAdmin);
        if staff.is_administrator() && !stays && !store::has_other_administrator(&mut tx, id).await? {
            return Err(Error::LastAdministrator);
        }
        store::replace_roles(&mut tx, id, &after).await?;
        auth::end_sessions(&mut tx, id).await?;
        payload["roles"] = json!({ "before": words(&before), "after": words(&after) });
    }
    if !store::update(&mut tx, &staff).await? {
        return Err(Error::Stale);
    }
    let (actor, facility) = by.actor();
    journal::append(
        &mut tx,
        Entry::new(at, actor, facility, Entity::User(id), "user.edit").with(payload),
        &[],
    )
    .await?;
    let view = view(by, store::one(&mut tx, id, at).await?.ok_or(Error::NotFound)?);
    tx.commit().await?;
    info!(user.id = %id, "A person's account was changed");
    Ok(view)
}

/// Makes the link with which a person sets their password. The ones before it are void, so that
/// asking twice leaves one.
pub async fn reset(ctx: &Ctx, by: By<'_>, id: UserId) -> Result<Link, Error> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("user.password_link").await?;
    let staff = seen_by(ctx, &mut tx, by, id).await?;
    require(by, &staff, Deed::PasswordLink)?;
    let link = links::make(ctx, &mut tx, id, by.user()).await?;
    let (actor, facility) = by.actor();
    let entry = Entry::new(at, actor, facility, Entity::User(id), "user.password_link");
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    info!(user.id = %id, "A password link was made");
    Ok(link)
}

/// A step with an account, seen at a version and done once.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The version the caller saw; from the terminal none.
    pub seen: Option<i64>,
    /// The request, if it may come twice.
    pub once: Option<&'a Once>,
}

/// Closes an account: every session, socket and seat is over, every link void.
pub async fn suspend(ctx: &Ctx, by: By<'_>, id: UserId, step: Step<'_>) -> Result<StoredAnswer, Error> {
    stand(ctx, by, id, step, Standing::Suspended).await
}

/// Opens an account again, with the password it had.
pub async fn reinstate(ctx: &Ctx, by: By<'_>, id: UserId, step: Step<'_>) -> Result<StoredAnswer, Error> {
    stand(ctx, by, id, step, Standing::Active).await
}

async fn stand(
    ctx: &Ctx,
    by: By<'_>,
    id: UserId,
    step: Step<'_>,
    standing: Standing,
) -> Result<StoredAnswer, Error> {
    let at = ctx.clock.now();
    let (name, action, deed) = match standing {
        Standing::Suspended => ("user.suspend", "user.suspend", Deed::Suspend),
        Standing::Active => ("user.reinstate", "user.reinstate", Deed::Reinstate),
    };
    let mut tx = ctx.db.write(name).await?;
    if let Some(once) = step.once {
        once.claim(ctx, &mut tx, at).await??;
    }
    store::take_turns(&mut tx).await?;
    let staff = seen_by(ctx, &mut tx, by, id).await?;
    if step.seen.is_some_and(|seen| seen != staff.version) {
        return Err(Error::Stale);
    }
    require(by, &staff, deed)?;
    if standing == Standing::Suspended {
        if staff.is_administrator() && !store::has_other_administrator(&mut tx, id).await? {
            return Err(Error::LastAdministrator);
        }
        auth::end_sessions(&mut tx, id).await?;
        links::void(&mut tx, id).await?;
    }
    if !store::set_standing(&mut tx, &staff, standing).await? {
        return Err(Error::Stale);
    }
    let (actor, facility) = by.actor();
    let entry = Entry::new(at, actor, facility, Entity::User(id), action)
        .step(staff.standing.word(), standing.word());
    journal::append(&mut tx, entry, &[]).await?;
    let answer = kept(ctx, &mut tx, by, id, 200).await?;
    if let Some(once) = step.once {
        once.keep(ctx, &mut tx, &answer).await?;
    }
    tx.commit().await?;
    info!(user.id = %id, standing = %standing, "An account was closed or opened");
    Ok(answer)
}

/// In which browsers a person is signed in.
pub async fn sessions(
    ctx: &Ctx,
    who: &Principal,
    id: UserId,
    ask: &PageAsk<devices::AfterSession>,
) -> Result<Page<SessionView>, Error> {
    let mut tx = ctx.db.read().await?;
    let staff = seen_by(ctx, &mut tx, By::Person(who), id).await?;
    require(By::Person(who), &staff, Deed::Sessions)?;
    Ok(devices::of(&mut tx, id, Some(who.session), ctx.clock.now(), ask).await?)
}

/// Signs a person out in one browser.
pub async fn end_session(ctx: &Ctx, who: &Principal, id: UserId, session: SessionId) -> Result<(), Error> {
    let by = By::Person(who);
    let mut tx = ctx.db.read().await?;
    let staff = seen_by(ctx, &mut tx, by, id).await?;
    require(by, &staff, Deed::Sessions)?;
    drop(tx);
    if devices::end(ctx, by.actor(), id, session).await? { Ok(()) } else { Err(Error::NotFound) }
}

async fn kept(
    ctx: &Ctx,
    tx: &mut WriteTx,
    by: By<'_>,
    id: UserId,
    status: u16,
) -> Result<StoredAnswer, Error> {
    let staff = store::one(tx, id, ctx.clock.now()).await?.ok_or(Error::NotFound)?;
    let version = staff.version;
    let body = serde_json::to_value(view(by, staff)).unwrap_or_default();
    Ok(StoredAnswer { status, version, body })
}

/// The roles as they were asked for, if each fits its place.
async fn fitting_roles(
    tx: &mut impl Query,
    asked: &[RoleAsk],
    wrong: &mut Vec<FieldError>,
) -> Result<Vec<Membership>, StoreError> {
    let mut roles: Vec<Membership> = Vec::new();
    if asked.is_empty() {
        wrong.push(field("memberships", "required"));
    }
    if asked.len() > MOST_ROLES {
        wrong.push(field("memberships", "too_long"));
        return Ok(roles);
    }
    for (n, ask) in asked.iter().enumerate() {
        let mut say = |part: &str, code: &str| wrong.push(field(&format!("memberships.{n}.{part}"), code));
        match store::facility(tx, ask.facility).await? {
            None => say("facility", "unknown"),
            Some(leads) if ask.role == Role::AllianceAdmin && !leads => say("facility", "must_lead"),
            Some(_) => {}
        }
        match (ask.role, ask.department) {
            (Role::Specialist, None) => say("department", "required"),
            (Role::Specialist | Role::RuralDoctor, Some(department)) => {
                if store::facility_of(tx, department).await? != Some(ask.facility) {
                    say("department", "unknown");
                }
            }
            (Role::Coordinator | Role::FacilityAdmin | Role::AllianceAdmin | Role::Auditor, Some(_)) => {
                say("department", "not_right");
            }
            (_, None) => {}
        }
        let role = Membership::from(ask);
        if roles.contains(&role) {
            say("role", "twice");
        }
        roles.push(role);
    }
    Ok(roles)
}

fn words(roles: &[Membership]) -> serde_json::Value {
    roles
        .iter()
        .map(|m| json!({ "facility": m.facility, "department": m.department, "role": m.role }))
        .collect()
}

/// One line that may be empty.
fn line(text: &str, name: &str, wrong: &mut Vec<FieldError>) -> String {
    let text = text.trim();
    if text.chars().count() > 60 {
        wrong.push(field(name, "too_long"));
    }
    if text.chars().any(char::is_control) {
        wrong.push(field(name, "not_right"));
    }
    text.to_owned()
}

fn field(name: &str, code: &str) -> FieldError {
    FieldError { field: name.to_owned(), code: code.to_owned(), params: None }
}

fn refused(why: NotYours) -> Error {
    match why {
        NotYours::Denied => Error::NotAllowed,
        NotYours::AuditsThemselves(n) => {
            Error::Fields(vec![field(&format!("memberships.{n}.role"), "audits_alone")])
        }
    }
}
