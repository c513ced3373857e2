//! Auth: who is calling and what they may do.
//!
//! A person signs in with a password and gets an opaque session; every request carries it
//! in a cookie that scripts cannot read. A [`Principal`] is what the rest of the house
//! sees: a person with their *active* roles. [`policy`] decides what those roles may do.

mod api;
mod commands;
pub mod devices;
pub mod links;
mod model;
pub mod oversight;
mod own;
mod password;
pub mod policy;
mod presence;
mod session;
mod store;
mod tokens;

pub use api::doors;
pub use commands::{
    Error, Look, NotChanged, SignedIn, add_account, admit, change_password, end_sessions, forget_expired,
    has_session, is_alive, look_at, principal_of, reset_password, sign_in, sign_out,
};
pub use model::{
    Acting, DepartmentName, FacilityName, Me, Membership, MembershipView, Principal, Role, Status,
};
pub use password::{BadPassword, hash as hash_password, judge as judge_password};
pub use presence::{leave, of as presence_of, renew, set as set_presence};
pub use session::{COOKIE, LIFE, Token};
pub use store::{
    keep_no_password, keep_password, keep_setup_link, membership, open_setup_link, use_setup_link,
};
pub use tokens::{
    AfterToken, LONGEST_LIFE, NewToken, NotMade, SCOPES, TokenLine, TokensOf, add_token,
    revoke as revoke_one_token, revoke_token, token_line, tokens,
};
