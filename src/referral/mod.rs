//! Referral: the formal record of a patient's way between two facilities, up or down.
//!
//! A referral is born from a consult, from another referral or from nothing, and ends when
//! the receiving side has answered for the patient and the sender has read the answer.
//! What may follow what is in [`state`], what a letter must contain in [`letter`], who may
//! act in [`crate::auth::policy`], what each step changes in [`moves`].
//!
//! ```text
//! draft ─submit→ submitted ─accept→ accepted ─arrive→ arrived ─treat→ in_treatment ─discharge→ discharged ─acknowledge→ closed
//!                 │    ↑                                                    └────── refer_back → a new referral, down
//!    request_info ↓    │ supply_info            (the whole table: state::MACHINE)
//!              more_info
//! ```
//!
//! One letter asks one target at a time; each target is a *leg*. Going on to another
//! target closes the leg and opens the next one, so that who was asked, when, and what he
//! said stays in the record.

mod api;
mod around;
mod ask;
mod birth;
mod chain;
mod commands;
mod consent;
mod counted;
mod desk;
mod edit;
mod error;
mod escalate;
mod eyes;
mod files;
mod guards;
mod letter;
mod model;
mod moves;
mod office;
mod print;
mod read;
mod shapes;
mod state;
mod store;
mod story;
mod time;
mod view;
mod vocabulary;

pub use api::doors;
pub use consent::ConsentGate;
pub use error::Error;
pub use escalate::from_consult;
pub use files::FilesGate;
pub use model::{
    Diagnosis, Direction, Leg, Letter, Outcome, OutcomeCode, Referral, Service, TransportMode, Urgency,
};
pub use print::{Written, as_written, is_withdrawn, printed_by, stay};
pub use state::{Action, MACHINE, State, served};
pub use time::tick;
