//! Consents: who agreed to what, in which words, and how one can see it later.
//!
//! A consent belongs to one record, a consult or a referral, and is given on the screen, on
//! paper or before a witness; an emergency may go ahead for a written reason instead, and
//! somebody else looks at that afterwards. The words that were signed are part of the
//! project, by version ([`texts`]): what was read can be shown for as long as the row lives.
//! Withdrawing ends what the record shares at once; what the record itself does then it
//! says through [`Gate`].

mod api;
mod commands;
mod form;
mod model;
mod store;
mod strokes;
pub mod texts;
mod view;

pub use api::{Gate, Opened, doors};
pub use commands::{Asked, NotGiven, confirm, record, take_back};
pub use form::{ConsentForm, Given, OverrideForm};
pub use model::{Held, Method, Place, Reason, Relation, Scope, Signer, Subject};
pub use store::{live, newest, was_withdrawn, withdrawn_of};
pub use strokes::Strokes;
pub use view::{ConsentView, shown};
