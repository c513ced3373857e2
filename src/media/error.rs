//! Why the relay says no.

/// A refusal. None of these carries text of the offer: it holds addresses and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Longer than 32 KiB.
    #[error("the offer is too long")]
    OfferTooLong,
    /// More than twenty sections.
    #[error("the offer has too many sections")]
    TooManySections,
    /// A data channel. Chat and files travel on the signaling line instead.
    #[error("the offer asks for a data channel")]
    DataChannel,
    /// Not a session description, or one the engine cannot follow.
    #[error("the offer cannot be understood")]
    BadOffer,
    /// No codec in common, or no section of use.
    #[error("the offer has nothing to talk with")]
    NothingInCommon,
    /// All seats of the room are taken.
    #[error("the room is full")]
    RoomFull,
    /// The relay carries as many rooms as it was told to.
    #[error("the relay is full")]
    RelayFull,
    /// Nobody sits there.
    #[error("no such seat")]
    NoSuchSeat,
    /// The participant's offer has no such sending section, or it cannot carry that source.
    #[error("no such section")]
    NoSuchSection,
    /// The worker has more to do than it can take on now.
    #[error("the relay is busy")]
    Busy,
    /// The relay has stopped.
    #[error("the relay has stopped")]
    Stopped,
}
