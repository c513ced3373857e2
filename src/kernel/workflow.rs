//! A workflow as a table: what may follow what, and whose turn it is.
//!
//! Consults and referrals are two tables over the same machinery. The server obeys the
//! table, serves it at `/api/v1/meta/state-machines` and prints it in `docs/workflow.md`;
//! tests hold all three against `tests/fixtures/state_machines.json`. Pure: no clock, no
//! store. What needs more than state, action and actor (a complete form, a free slot) is
//! a named guard in the room that owns the record.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

/// One word out of a closed vocabulary: a state, an action, an actor.
pub trait Word: Copy + Eq + fmt::Debug + fmt::Display + 'static {
    /// Every word there is, in the order of its declaration.
    const ALL: &'static [Self];

    /// The word as it is stored and sent.
    fn word(self) -> &'static str;
}

/// A text that is no word of the wanted vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not one of the words for {of}")]
pub struct NotAWord {
    /// The vocabulary, such as `State`.
    pub of: &'static str,
}

/// Declares a vocabulary: an enum whose variants have one spelling everywhere, in the
/// store, on the wire, in the journal and in the documents.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$each])* $variant),+ }

        impl $name {
            /// Every word there is, in the order of its declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it is stored and sent.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl $crate::kernel::workflow::Word for $name {
            const ALL: &'static [Self] = $name::ALL;
            fn word(self) -> &'static str { $name::word(self) }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { f.write_str(self.word()) }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::kernel::workflow::NotAWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::kernel::workflow::NotAWord { of: stringify!($name) }),
                }
            }
        }

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::Schema> {
                $crate::kernel::one_of(&[$($word),+])
            }
        }

        impl ::utoipa::ToSchema for $name {
            fn name() -> ::std::borrow::Cow<'static, str> {
                $crate::kernel::name_of(::std::any::type_name::<Self>())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(|_| ::serde::de::Error::unknown_variant(&text, &[$($word),+]))
            }
        }
    };
}

/// One line of a workflow: from any of `from`, `action` by one of `actors` leads to `to`.
#[derive(Debug, Clone, Copy)]
pub struct Rule<S: 'static, A: 'static, P: 'static> {
    /// The line's name in the table, such as `C4`.
    pub id: &'static str,
    /// The states in which it applies.
    pub from: &'static [S],
    /// What is done.
    pub action: A,
    /// The state it leads to.
    pub to: S,
    /// Who may do it.
    pub actors: &'static [P],
    /// What must hold besides, in the words of the table.
    pub guard: &'static str,
}

/// Writes a [`Rule`] on one line.
pub const fn rule<S: Copy, A: Copy, P>(
    id: &'static str,
    from: &'static [S],
    (action, to): (A, S),
    actors: &'static [P],
    guard: &'static str,
) -> Rule<S, A, P> {
    Rule { id, from, action, to, actors, guard }
}

/// An action that does something without moving the record to another state.
#[derive(Debug, Clone, Copy)]
pub struct SideEffect<S: 'static, A: 'static, P: 'static> {
    /// The line's name in the table.
    pub id: &'static str,
    /// What is done.
    pub action: A,
    /// The states in which it is open.
    pub from: &'static [S],
    /// Who may do it.
    pub actors: &'static [P],
    /// What it brings about, in the words of the table.
    pub effect: &'static str,
}

/// A whole workflow.
#[derive(Debug, Clone, Copy)]
pub struct Machine<S: 'static, A: 'static, P: 'static> {
    /// Its name, such as `consult`.
    pub name: &'static str,
    /// Where every record begins.
    pub initial: S,
    /// Where a record rests.
    pub terminal: &'static [S],
    /// How the leg of a record ends when the record goes on elsewhere.
    pub leg_terminal: &'static [&'static str],
    /// What may follow what.
    pub rules: &'static [Rule<S, A, P>],
    /// What may be done without moving.
    pub side_effects: &'static [SideEffect<S, A, P>],
}

/// What the table says about one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<S> {
    /// The line that allows it.
    pub rule: &'static str,
    /// The state afterwards; for a side effect the state before.
    pub to: S,
}

/// Why the table does not allow a step. Each variant holds what the caller needs to put it right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal<S: Word, A: Word, P: Word> {
    /// Nobody may do this in this state.
    #[error("{action} is not open in state {from}")]
    WrongState {
        /// The state the record is in.
        from: S,
        /// What was asked for.
        action: A,
        /// What the caller may do instead.
        open: Vec<A>,
    },
    /// Somebody may, but not the caller.
    #[error("{action} is for somebody else")]
    WrongActor {
        /// What was asked for.
        action: A,
        /// Who may.
        actors: &'static [P],
    },
}

impl<S: Word, A: Word, P: Word> Machine<S, A, P> {
    /// What `who` may do next, in the order a screen should offer it.
    pub fn open(&self, state: S, who: &[P]) -> Vec<A> {
        self.lines()
            .filter(|line| line.from.contains(&state) && line.is_for(who))
            .map(|line| line.action)
            .collect()
    }

    /// The step that `action` takes from `state`, or why it is not taken.
    pub fn step(&self, state: S, action: A, who: &[P]) -> Result<Step<S>, Refusal<S, A, P>> {
        let line = self
            .lines()
            .find(|line| line.action == action && line.from.contains(&state))
            .ok_or_else(|| Refusal::WrongState { from: state, action, open: self.open(state, who) })?;
        if !line.is_for(who) {
            return Err(Refusal::WrongActor { action, actors: line.actors });
        }
        Ok(Step { rule: line.id, to: line.to.unwrap_or(state) })
    }

    /// True in a state where the record rests.
    pub fn is_terminal(&self, state: S) -> bool {
        self.terminal.contains(&state)
    }

    /// The machine in the shape of `tests/fixtures/state_machines.json`.
    pub fn served(&self) -> Value {
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(|rule| {
                json!({
                    "id": rule.id, "from": words(rule.from), "action": rule.action.word(), "to": rule.to.word(),
                    "actors": words(rule.actors), "guard": rule.guard,
                })
            })
            .collect();
        let side_effects: Vec<Value> = self
            .side_effects
            .iter()
            .map(|line| {
                json!({
                    "id": line.id, "action": line.action.word(), "from": words(line.from),
                    "actors": words(line.actors), "effect": line.effect,
                })
            })
            .collect();
        json!({
            "name": self.name, "initial": self.initial.word(), "terminal": words(self.terminal),
            "leg_terminal": self.leg_terminal, "transitions": rules, "side_effect_actions": side_effects,
        })
    }

    fn lines(&self) -> impl Iterator<Item = Line<S, A, P>> {
        let moves = self.rules.iter().map(|r| Line {
            id: r.id,
            from: r.from,
            action: r.action,
            to: Some(r.to),
            actors: r.actors,
        });
        let stays = self.side_effects.iter().map(|e| Line {
            id: e.id,
            from: e.from,
            action: e.action,
            to: None,
            actors: e.actors,
        });
        moves.chain(stays)
    }
}

/// What a rule and a side effect have in common.
struct Line<S: 'static, A, P: 'static> {
    id: &'static str,
    from: &'static [S],
    action: A,
    to: Option<S>,
    actors: &'static [P],
}

impl<S, A, P: Word> Line<S, A, P> {
    fn is_for(&self, who: &[P]) -> bool {
        self.actors.iter().any(|actor| who.contains(actor))
    }
}

fn words<W: Word>(all: &[W]) -> Vec<&'static str> {
    all.iter().map(|word| word.word()).collect()
}

/// An action that the table opens to a person but something else keeps shut just now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed<A: Serialize> {
    /// What cannot be done.
    pub action: A,
    /// Why, as a stable word for programs.
    pub why_code: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    words! {
        /// Where a lamp is.
        enum Lamp { /// dark
            Off = "off", /// bright
            On = "on" }
    }
    words! {
        /// What is done to a lamp.
        enum Hand { /// make bright
            Light = "light", /// make dark
            Quench = "quench", /// wipe it
            Wipe = "wipe" }
    }
    words! {
        /// Who is there.
        enum Who { /// of the house
            Host = "host", /// from outside
            Guest = "guest" }
    }

    const LAMP: Machine<Lamp, Hand, Who> = Machine {
        name: "lamp",
        initial: Lamp::Off,
        terminal: &[],
        leg_terminal: &[],
        rules: &[
            rule("L1", &[Lamp::Off], (Hand::Light, Lamp::On), &[Who::Host, Who::Guest], ""),
            rule("L2", &[Lamp::On], (Hand::Quench, Lamp::Off), &[Who::Host], ""),
        ],
        side_effects: &[SideEffect {
            id: "L3",
            action: Hand::Wipe,
            from: &[Lamp::Off],
            actors: &[Who::Host],
            effect: "",
        }],
    };

    #[test]
    fn the_table_says_what_is_open_to_whom() {
        assert_eq!(LAMP.open(Lamp::Off, &[Who::Host]), [Hand::Light, Hand::Wipe]);
        assert_eq!(LAMP.open(Lamp::On, &[Who::Guest]), []);
        assert_eq!(LAMP.step(Lamp::Off, Hand::Light, &[Who::Guest]), Ok(Step { rule: "L1", to: Lamp::On }));
        assert_eq!(LAMP.step(Lamp::Off, Hand::Wipe, &[Who::Host]), Ok(Step { rule: "L3", to: Lamp::Off }));
    }

    #[test]
    fn a_refusal_says_what_is_open_instead_or_whose_turn_it_is() {
        assert_eq!(
            LAMP.step(Lamp::On, Hand::Light, &[Who::Host]),
            Err(Refusal::WrongState { from: Lamp::On, action: Hand::Light, open: vec![Hand::Quench] })
        );
        assert_eq!(
            LAMP.step(Lamp::On, Hand::Quench, &[Who::Guest]),
            Err(Refusal::WrongActor { action: Hand::Quench, actors: &[Who::Host] })
        );
    }

    #[test]
    fn a_word_is_read_back_and_nothing_else_is() {
        assert_eq!("on".parse(), Ok(Lamp::On));
        assert_eq!("On".parse::<Lamp>(), Err(NotAWord { of: "Lamp" }));
    }
}
