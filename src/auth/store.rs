//! Accounts, sessions and presence as rows. Names of places are read beside the roles.

use std::time::Duration;

use super::model::{DepartmentName, FacilityName, Membership, MembershipView, Role, Status};
use crate::{
    kernel::{SessionId, Timestamp, UserId},
    store::{Query, Result, Row, Value, WriteTx, args},
};

/// What signing in needs to know about an account.
pub struct Account {
    pub user: UserId,
    pub password_hash: String,
    pub stamp: i64,
}

/// A person as the session's owner.
pub struct Person {
    pub name: String,
    pub pinyin: String,
    pub title: String,
}

/// The active account under `login`.
pub async fn account(tx: &mut impl Query, login: &str) -> Result<Option<Account>> {
    let row = tx
        .fetch_optional(
            "SELECT u.id, c.password_hash, c.stamp
               FROM users u
               JOIN credentials c ON c.user_id = u.id
              WHERE u.login = $1
                AND u.status = 'active'",
            args![login],
        )
        .await?;
    row.as_ref().map(account_row).transpose()
}

fn account_row(row: &Row) -> Result<Account> {
    Ok(Account { user: row.get("id")?, password_hash: row.get("password_hash")?, stamp: row.get("stamp")? })
}

/// The account of a person, whatever they sign in as.
pub async fn account_of(tx: &mut impl Query, user: UserId) -> Result<Option<Account>> {
    let row = tx
        .fetch_optional(
            "SELECT u.id, c.password_hash, c.stamp
               FROM users u
               JOIN credentials c ON c.user_id = u.id
              WHERE u.id = $1
                AND u.status = 'active'",
            args![user],
        )
        .await?;
    row.as_ref().map(account_row).transpose()
}

/// Keeps a password and ends the sessions that were opened with the one before.
pub async fn keep_password(tx: &mut WriteTx, user: UserId, hash: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO credentials (user_id, password_hash, stamp, changed_at)
         VALUES ($1, $2, 1, $3)
             ON CONFLICT (user_id) DO UPDATE
            SET password_hash = $2, stamp = credentials.stamp + 1, changed_at = $3",
        args![user, hash, now],
    )
    .await?;
    end_all(tx, user).await
}

/// Keeps a new password and ends every session but the one that set it.
pub async fn replace_password(
    tx: &mut WriteTx,
    (user, session): (UserId, SessionId),
    hash: &str,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE credentials SET password_hash = $2, stamp = stamp + 1, changed_at = $3 WHERE user_id = $1",
        args![user, hash, now],
    )
    .await?;
    tx.execute("DELETE FROM sessions WHERE user_id = $1 AND id <> $2", args![user, session]).await?;
    tx.execute(
        "UPDATE sessions
            SET stamp = (SELECT stamp FROM credentials WHERE user_id = $1)
          WHERE id = $2",
        args![user, session],
    )
    .await?;
    Ok(())
}

/// What a person signs in as.
pub async fn login_of(tx: &mut impl Query, user: UserId) -> Result<Option<String>> {
    let row = tx.fetch_optional("SELECT login FROM users WHERE id = $1", args![user]).await?;
    row.map(|row| row.get("login")).transpose()
}

/// Opens an account that waits for its first password: nothing fits what is kept.
pub async fn keep_no_password(tx: &mut WriteTx, user: UserId) -> Result<()> {
    tx.execute(
        "INSERT INTO credentials (user_id, password_hash, stamp, changed_at) VALUES ($1, 'unset', 1, 0)",
        args![user],
    )
    .await?;
    Ok(())
}

/// Raises the stamp, so that every session of this person is over.
pub async fn raise_stamp(tx: &mut WriteTx, user: UserId) -> Result<()> {
    tx.execute("UPDATE credentials SET stamp = stamp + 1 WHERE user_id = $1", args![user]).await?;
    end_all(tx, user).await
}

async fn end_all(tx: &mut WriteTx, user: UserId) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE user_id = $1", args![user]).await?;
    Ok(())
}

/// Opens a session.
pub async fn open_session(
    tx: &mut WriteTx,
    id: SessionId,
    account: &Account,
    (token_hash, device): (&str, &str),
    life: (Timestamp, Timestamp),
) -> Result<()> {
    tx.execute(
        "INSERT INTO sessions (id, user_id, token_hash, stamp, device, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![id, account.user, token_hash, account.stamp, device, life.0, life.1],
    )
    .await?;
    Ok(())
}

/// The living session behind a token: which one, whose, and when it was last noted that it is used.
pub async fn session(
    tx: &mut impl Query,
    token_hash: &str,
    now: Timestamp,
) -> Result<Option<(SessionId, UserId, Timestamp)>> {
    let row = tx
        .fetch_optional(
            "SELECT s.id, s.user_id, s.created_at, s.seen_at
               FROM sessions s
               JOIN users u ON u.id = s.user_id AND u.status = 'active'
               JOIN credentials c ON c.user_id = s.user_id AND c.stamp = s.stamp
              WHERE s.token_hash = $1
                AND s.expires_at > $2",
            args![token_hash, now],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (opened, seen): (Timestamp, Timestamp) = (row.get("created_at")?, row.get("seen_at")?);
    Ok(Some((row.get("id")?, row.get("user_id")?, opened.max(seen))))
}

/// True while the session may be used.
pub async fn is_alive(tx: &mut impl Query, session: SessionId, now: Timestamp) -> Result<bool> {
    let row = tx
        .fetch_optional(
            "SELECT s.id
               FROM sessions s
               JOIN users u ON u.id = s.user_id AND u.status = 'active'
               JOIN credentials c ON c.user_id = s.user_id AND c.stamp = s.stamp
              WHERE s.id = $1
                AND s.expires_at > $2",
            args![session, now],
        )
        .await?;
    Ok(row.is_some())
}

/// True while the person may use any session.
pub async fn has_session(tx: &mut impl Query, user: UserId, now: Timestamp) -> Result<bool> {
    let row = tx
        .fetch_optional(
            "SELECT s.id
               FROM sessions s
               JOIN users u ON u.id = s.user_id AND u.status = 'active'
               JOIN credentials c ON c.user_id = s.user_id AND c.stamp = s.stamp
              WHERE s.user_id = $1
                AND s.expires_at > $2
              LIMIT 1",
            args![user, now],
        )
        .await?;
    Ok(row.is_some())
}

/// Ends one session.
pub async fn end_session(tx: &mut WriteTx, session: SessionId) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE id = $1", args![session]).await?;
    Ok(())
}

/// Removes what is of no use any more; says how many sessions.
pub async fn forget_expired(tx: &mut WriteTx, now: Timestamp) -> Result<u64> {
    let day = Duration::from_hours(24);
    tx.execute("DELETE FROM sign_in_tries WHERE last_at < $1", args![now.minus(day)]).await?;
    tx.execute("DELETE FROM password_links WHERE expires_at < $1", args![now.minus(day)]).await?;
    tx.execute("DELETE FROM setup_links WHERE expires_at < $1", args![now.minus(day)]).await?;
    tx.execute("DELETE FROM sessions WHERE expires_at <= $1", args![now]).await
}

/// An active person.
pub async fn person(tx: &mut impl Query, user: UserId) -> Result<Option<Person>> {
    let row = tx
        .fetch_optional(
            "SELECT name, pinyin, title FROM users WHERE id = $1 AND status = 'active'",
            args![user],
        )
        .await?;
    row.map(|row| Ok(Person { name: row.get("name")?, pinyin: row.get("pinyin")?, title: row.get("title")? }))
        .transpose()
}

/// The active roles of a person at active facilities, the first one first.
pub async fn memberships(tx: &mut impl Query, user: UserId) -> Result<Vec<MembershipView>> {
    let rows = tx
        .fetch_all(
            "SELECT r.role, r.facility_id, f.name AS facility_name, f.level, f.phone_24h,
                    r.department_id, d.name AS department_name
               FROM user_roles r
               JOIN facilities f ON f.id = r.facility_id AND f.active = 1
               LEFT JOIN departments d ON d.id = r.department_id
              WHERE r.user_id = $1
                AND r.status = 'active'
              ORDER BY r.n",
            args![user],
        )
        .await?;
    rows.iter().map(membership).collect()
}

/// A membership from a row with `role`, and the facility's and the department's columns under the names they have here.
pub fn membership(row: &Row) -> Result<MembershipView> {
    let department = match row.get("department_id")? {
        None => None,
        Some(id) => Some(DepartmentName { id, name: row.get("department_name")? }),
    };
    Ok(MembershipView {
        facility: FacilityName {
            id: row.get("facility_id")?,
            name: row.get("facility_name")?,
            level: row.get("level")?,
            phone_24h: row.get("phone_24h")?,
        },
        department,
        role: row.parse::<Role>("role")?,
    })
}

impl From<&MembershipView> for Membership {
    fn from(view: &MembershipView) -> Self {
        Self {
            facility: view.facility.id,
            department: view.department.as_ref().map(|department| department.id),
            role: view.role,
        }
    }
}

/// Counts one more try under this name; says how many failed before and when the last was.
pub async fn count_try(tx: &mut WriteTx, login_term: &str, now: Timestamp) -> Result<(i64, Timestamp)> {
    let before = tx
        .fetch_optional(
            "SELECT failures, last_at FROM sign_in_tries WHERE login_term = $1",
            args![login_term],
        )
        .await?;
    let (failures, last_at) = match before {
        None => (0, now),
        Some(row) => (row.get("failures")?, row.get("last_at")?),
    };
    tx.execute(
        "INSERT INTO sign_in_tries (login_term, failures, last_at)
         VALUES ($1, 1, $2)
             ON CONFLICT (login_term) DO UPDATE
            SET failures = sign_in_tries.failures + 1, last_at = $2",
        args![login_term, now],
    )
    .await?;
    Ok((failures, last_at))
}

/// A sign-in went through: the tries before it no longer count.
pub async fn forget_tries(tx: &mut WriteTx, login_term: &str) -> Result<()> {
    tx.execute("DELETE FROM sign_in_tries WHERE login_term = $1", args![login_term]).await?;
    Ok(())
}

/// Keeps a one-time set-up link; the ones before it are void.
pub async fn keep_setup_link(tx: &mut WriteTx, token_hash: &str, expires_at: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM setup_links", args![]).await?;
    tx.execute(
        "INSERT INTO setup_links (token_hash, expires_at) VALUES ($1, $2)",
        args![token_hash, expires_at],
    )
    .await?;
    Ok(())
}

/// True if the link can still be used.
pub async fn open_setup_link(tx: &mut impl Query, token_hash: &str, now: Timestamp) -> Result<bool> {
    let row = tx
        .fetch_optional(
            "SELECT token_hash
               FROM setup_links
              WHERE token_hash = $1
                AND used_at IS NULL
                AND expires_at > $2",
            args![token_hash, now],
        )
        .await?;
    Ok(row.is_some())
}

/// Uses the link up; false if it was used, has expired or never was.
pub async fn use_setup_link(tx: &mut WriteTx, token_hash: &str, now: Timestamp) -> Result<bool> {
    let used = tx
        .execute(
            "UPDATE setup_links
                SET used_at = $2
              WHERE token_hash = $1
                AND used_at IS NULL
                AND expires_at > $2",
            args![token_hash, now],
        )
        .await?;
    Ok(used == 1)
}

/// Writes what a person says about themselves; the lease stays as it is.
pub async fn say_presence(tx: &mut WriteTx, user: UserId, status: Status, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO presence (user_id, state, since, lease_until)
         VALUES ($1, $2, $3, 0)
             ON CONFLICT (user_id) DO UPDATE
            SET state = $2, since = CASE WHEN presence.state = $2 THEN presence.since ELSE $3 END",
        args![user, status.word(), now],
    )
    .await?;
    Ok(())
}

/// Moves the lease on; who has said nothing yet is available.
pub async fn renew_presence(
    tx: &mut WriteTx,
    user: UserId,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO presence (user_id, state, since, lease_until)
         VALUES ($1, 'available', $2, $3)
             ON CONFLICT (user_id) DO UPDATE SET lease_until = $3",
        args![user, now, lease_until],
    )
    .await?;
    Ok(())
}

/// Ends the lease.
pub async fn end_lease(tx: &mut WriteTx, user: UserId, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE presence SET lease_until = $2 WHERE user_id = $1", args![user, now]).await?;
    Ok(())
}

/// What a person said last.
pub async fn said(tx: &mut impl Query, user: UserId) -> Result<Status> {
    let row = tx.fetch_optional("SELECT state FROM presence WHERE user_id = $1", args![user]).await?;
    row.map_or(Ok(Status::Off), |row| row.parse("state"))
}

/// What these people said last, with their leases. Who never said anything is not in it.
pub async fn presences(tx: &mut impl Query, users: &[UserId]) -> Result<Vec<(UserId, Status, Timestamp)>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (1..=users.len()).map(|n| format!("${n}")).collect();
    let sql =
        format!("SELECT user_id, state, lease_until FROM presence WHERE user_id IN ({})", places.join(", "));
    let arguments: Vec<Value> = users.iter().flat_map(|user| args![user]).collect();
    let rows = tx.fetch_built(sql, arguments).await?;
    rows.iter().map(|row| Ok((row.get("user_id")?, row.parse("state")?, row.get("lease_until")?))).collect()
}
