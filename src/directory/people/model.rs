//! A member of staff as an administrator sees them, and what an administrator may say.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::{Membership, MembershipView, Role},
    kernel::{DepartmentId, FacilityId, Line, Timestamp, UserId, pinyin},
    words,
};

words! {
    /// Whether an account is open.
    pub enum Standing {
        /// May sign in.
        Active = "active",
        /// May not; what they did stays theirs.
        Suspended = "suspended",
    }
}

words! {
    /// What can be done with an account.
    pub enum Deed {
        /// Change name, title, telephone.
        Edit = "edit",
        /// Change what they are where.
        Roles = "roles",
        /// Hand over a link for the password.
        PasswordLink = "password_link",
        /// See and end their sessions.
        Sessions = "sessions",
        /// Close the account.
        Suspend = "suspend",
        /// Open it again.
        Reinstate = "reinstate",
    }
}

/// A member of staff as they are stored.
#[derive(Debug, Clone)]
pub struct Staff {
    pub id: UserId,
    pub login: String,
    pub name: String,
    pub pinyin: String,
    pub title: String,
    pub phone: Option<String>,
    pub standing: Standing,
    /// False until they set their first password.
    pub has_password: bool,
    /// Until when their password link can be used, if they have one.
    pub link_until: Option<Timestamp>,
    pub sessions: i64,
    pub version: i64,
    pub created_at: Timestamp,
    pub memberships: Vec<MembershipView>,
}

impl Staff {
    /// Their roles without the names.
    pub fn roles(&self) -> Vec<Membership> {
        self.memberships.iter().map(Into::into).collect()
    }

    /// True if they may come in and look after the alliance.
    pub fn is_administrator(&self) -> bool {
        self.standing == Standing::Active
            && self.has_password
            && self.memberships.iter().any(|m| m.role == Role::AllianceAdmin)
    }

    /// True if what was typed is part of their name, its pinyin or initials, their title or login.
    pub fn fits(&self, typed: &str) -> bool {
        let typed: String = typed.to_lowercase().split_whitespace().collect();
        let whole: String = self.pinyin.to_lowercase().split_whitespace().collect();
        let name: String = self.name.to_lowercase().split_whitespace().collect();
        name.contains(&typed)
            || whole.contains(&typed)
            || self.login.contains(&typed)
            || self.title.contains(&typed)
            || pinyin::read(&self.name).initials().starts_with(&typed)
    }
}

/// A member of staff as an administrator sees them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StaffView {
    /// Who.
    pub id: UserId,
    /// What they sign in as.
    pub login: String,
    /// Their name.
    pub name: String,
    /// Their name in Latin letters.
    pub pinyin: String,
    /// Their title, such as 副主任医师.
    pub title: String,
    /// Their telephone.
    pub phone: Option<String>,
    /// Whether the account is open.
    pub standing: Standing,
    /// False until they set their first password.
    pub has_password: bool,
    /// Until when their password link can be used, if they have one.
    pub link_until: Option<Timestamp>,
    /// In how many browsers they are signed in.
    pub sessions: i64,
    /// What they are where, the first one first.
    pub memberships: Vec<MembershipView>,
    /// What the caller may do with the account, in order.
    pub open_actions: Vec<Deed>,
    /// Entered.
    pub created_at: Timestamp,
    /// Raised by every change.
    pub version: i64,
}

/// A role at a place, as a form sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub struct RoleAsk {
    /// Where.
    pub facility: FacilityId,
    /// In which department; a specialist has one.
    #[serde(default)]
    pub department: Option<DepartmentId>,
    /// As what.
    pub role: Role,
}

impl From<&RoleAsk> for Membership {
    fn from(ask: &RoleAsk) -> Self {
        Self { facility: ask.facility, department: ask.department, role: ask.role }
    }
}

/// Somebody to enter.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NewStaff {
    /// What they sign in as: letters, digits, `.`, `-`, `_`, `@`.
    pub login: Line,
    /// Their name.
    pub name: Line,
    /// Their title.
    #[serde(default)]
    pub title: String,
    /// Their telephone.
    #[serde(default)]
    pub phone: Option<String>,
    /// What they are where, the first one first.
    pub memberships: Vec<RoleAsk>,
}

/// What to change; what is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub struct StaffChange {
    /// Their name.
    pub name: Option<Line>,
    /// Their title; empty takes it away.
    pub title: Option<String>,
    /// Their telephone; null takes it away.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    #[expect(clippy::option_option, reason = "null takes it away, silence leaves it")]
    pub phone: Option<Option<String>>,
    /// What they are where, whole and in order.
    pub memberships: Option<Vec<RoleAsk>>,
}

/// Tells `null` from nothing.
#[expect(clippy::option_option, reason = "null takes it away, silence leaves it")]
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What a fresh alliance needs before its first consult, and what of it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "a list to tick off")]
pub struct FirstSteps {
    /// There is a facility beside the one that leads.
    pub facility: bool,
    /// A department takes consults.
    pub department: bool,
    /// A doctor has set a password.
    pub people: bool,
    /// Somebody is on a rota.
    pub rota: bool,
    /// A consult was asked for.
    pub consult: bool,
}

/// True if somebody can sign in as this, lower case.
pub fn is_login(login: &str) -> bool {
    let fits = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '.' | '-' | '_' | '@')
    };
    (3..=60).contains(&login.len()) && login.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_short_and_plain() {
        assert!(is_login("lin.qiuyan") && is_login("19900004417") && is_login("a_b-c@d"));
        assert!(!is_login("ab") && !is_login("Lin") && !is_login("lin qiuyan") && !is_login("林秋雁"));
        assert!(!is_login(&"a".repeat(61)));
    }

    #[test]
    fn null_and_nothing_are_told_apart() {
        let nothing: StaffChange = serde_json::from_str("{}").unwrap();
        let null: StaffChange = serde_json::from_str(r#"{ "phone": null }"#).unwrap();

        assert_eq!(nothing.phone, None);
        assert_eq!(null.phone, Some(None));
    }
}
