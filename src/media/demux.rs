//! Whose datagram is it? The front door before any library sees a byte (pure).
//!
//! Kinds are told by the first byte (RFC 7983). A STUN request names the connection it is
//! for; everything else is known by the address it comes from, once a STUN request from
//! there has proven to know the connection's password. What is for the TURN server is told
//! by its method or its channel number and goes there.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::model::SeatId;

/// An old name still leads to its seat for this long after a restart: packets may be under way, and
/// it is for the engine to say what they are worth.
const OLD_NAME: Duration = Duration::from_secs(30);
/// The longest packet either way, in bytes; the engine takes no longer datagram.
pub(super) const LONGEST: usize = 2_000;
/// Addresses remembered per seat; a browser tries a handful.
const ADDRESSES: usize = 8;

/// Where a participant is, and the way back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Remote {
    /// Datagrams to this address, be it the browser's own or one the TURN server lent it.
    Udp(SocketAddr),
    /// The stream that was opened from this address.
    Tcp(SocketAddr),
}

impl Remote {
    pub(super) fn address(self) -> SocketAddr {
        match self {
            Self::Udp(address) | Self::Tcp(address) => address,
        }
    }
}

/// What a datagram looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks<'a> {
    /// A STUN request for the connection of this name.
    Knock(&'a str),
    /// Keys, sound or picture: for whoever lives at the sender's address.
    Traffic,
    /// For the TURN server: its requests, what it is to pass on, and "what is my address?".
    Turn,
}

/// Reads the outside of a datagram; nothing for what cannot be ours.
pub(super) fn look(bytes: &[u8]) -> Option<Looks<'_>> {
    match bytes {
        _ if bytes.len() > LONGEST => None,
        [0..=3, ..] => stun(bytes),
        [0x40..=0x4f, _, high, low, ..]
            if bytes.len() >= 4 + usize::from(u16::from_be_bytes([*high, *low])) =>
        {
            Some(Looks::Turn)
        }
        // DTLS: a record header is thirteen bytes.
        [20..=63, ..] if bytes.len() >= 13 => Some(Looks::Traffic),
        // RTP and RTCP: twelve and eight bytes of header, sixteen of tag, less for neither.
        [128..=191, ..] if bytes.len() >= 24 => Some(Looks::Traffic),
        _ => None,
    }
}

/// A STUN message: a knock, told by the local half of its USERNAME, or one for the TURN server.
fn stun(bytes: &[u8]) -> Option<Looks<'_>> {
    const HEADER: usize = 20;
    const USERNAME: u16 = 0x0006;
    const BINDING: u16 = 0x0001;
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let has_cookie = bytes.get(4..8)? == [0x21, 0x12, 0xa4, 0x42];
    let length = usize::from(word(2)?);
    if !has_cookie || length % 4 != 0 || bytes.len() != HEADER + length {
        return None;
    }
    match word(0)? {
        BINDING => {}
        // Allocate, Refresh, CreatePermission, ChannelBind, and the indication to send.
        0x0003 | 0x0004 | 0x0008 | 0x0009 | 0x0016 => return Some(Looks::Turn),
        _ => return None,
    }
    let mut at = HEADER;
    while at + 4 <= bytes.len() {
        let (kind, length) = (word(at)?, usize::from(word(at + 2)?));
        let value = bytes.get(at + 4..at + 4 + length)?;
        if kind == USERNAME {
            let (local, _) = std::str::from_utf8(value).ok()?.split_once(':')?;
            return Some(Looks::Knock(local));
        }
        at += 4 + length.next_multiple_of(4);
    }
    Some(Looks::Turn)
}

/// Who lives where.
#[derive(Debug, Default)]
pub(super) struct Door {
    names: HashMap<String, SeatId>,
    addresses: HashMap<Remote, SeatId>,
    of_seat: HashMap<SeatId, Known>,
}

#[derive(Debug, Default)]
struct Known {
    name: String,
    old: Vec<(String, Instant)>,
    /// Newest last.
    addresses: Vec<Remote>,
}

impl Door {
    /// A seat's connection has this name from now on; the one before is kept for a while.
    pub(super) fn name(&mut self, seat: SeatId, name: String, now: Instant) {
        let known = self.of_seat.entry(seat).or_default();
        if known.name == name {
            return;
        }
        self.names.insert(name.clone(), seat);
        let before = std::mem::replace(&mut known.name, name);
        if !before.is_empty() {
            known.old.push((before, now + OLD_NAME));
        }
    }

    /// Forgets old names whose time is over.
    pub(super) fn sweep(&mut self, seat: SeatId, now: Instant) {
        let Some(known) = self.of_seat.get_mut(&seat) else { return };
        known.old.retain(|(name, until)| {
            let keep = *until > now;
            if !keep {
                self.names.remove(name);
            }
            keep
        });
    }

    /// Who has this name.
    pub(super) fn named(&self, name: &str) -> Option<SeatId> {
        self.names.get(name).copied()
    }

    /// Who lives at this address.
    pub(super) fn at(&self, address: Remote) -> Option<SeatId> {
        self.addresses.get(&address).copied()
    }

    /// Where the seat was last heard from.
    pub(super) fn address(&self, seat: SeatId) -> Option<Remote> {
        self.of_seat.get(&seat)?.addresses.last().copied()
    }

    /// The seat has proven to be at this address.
    pub(super) fn settle(&mut self, seat: SeatId, address: Remote) {
        if self.at(address) == Some(seat) && self.address(seat) == Some(address) {
            return;
        }
        let before = self.addresses.insert(address, seat);
        if let Some(other) = before.filter(|before| *before != seat)
            && let Some(known) = self.of_seat.get_mut(&other)
        {
            known.addresses.retain(|known| *known != address);
        }
        let known = self.of_seat.entry(seat).or_default();
        known.addresses.retain(|known| *known != address);
        known.addresses.push(address);
        if known.addresses.len() > ADDRESSES {
            let oldest = known.addresses.remove(0);
            self.addresses.remove(&oldest);
        }
    }

    /// Forgets all about a seat.
    pub(super) fn clear(&mut self, seat: SeatId) {
        let Some(known) = self.of_seat.remove(&seat) else { return };
        for name in known.old.into_iter().map(|(name, _)| name).chain([known.name]) {
            self.names.remove(&name);
        }
        for address in known.addresses {
            self.addresses.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(name: &str) -> Vec<u8> {
        let mut value = name.as_bytes().to_vec();
        let length = value.len();
        value.resize(length.next_multiple_of(4), 0);
        let mut bytes = vec![0, 1, 0, (4 + value.len()) as u8, 0x21, 0x12, 0xa4, 0x42];
        bytes.extend([7; 12]);
        bytes.extend([0, 6, 0, length as u8]);
        bytes.extend(value);
        bytes
    }

    fn port(port: u16) -> Remote {
        Remote::Udp(SocketAddr::from(([192, 0, 2, 1], port)))
    }

    #[test]
    fn a_knock_names_the_connection_it_is_for() {
        assert_eq!(look(&request("ours:theirs")), Some(Looks::Knock("ours")));
    }

    #[test]
    fn short_and_foreign_datagrams_stay_outside() {
        let cut = request("ours:theirs");
        for bytes in
            [&[][..], &[0], &[1; 19], &cut[..24], &[22; 12], &[128; 23], &[64; 40], &[80; 40], &[255; 40]]
        {
            assert_eq!(look(bytes), None, "{bytes:?}");
        }
        assert_eq!((look(&[128; 2_000]), look(&[128; 2_001])), (Some(Looks::Traffic), None));
    }

    #[test]
    fn what_is_for_the_turn_server_is_told_by_method_or_channel() {
        let mut allocate = vec![0, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        allocate.extend([7; 12]);
        let mut plain = allocate.clone();
        plain[1] = 1;

        for bytes in [&allocate[..], &plain, &[0x40, 0, 0, 1, 9], &[0x4f, 0xff, 0, 0]] {
            assert_eq!(look(bytes), Some(Looks::Turn), "{bytes:?}");
        }
    }

    #[test]
    fn an_old_name_is_understood_for_half_a_minute() {
        let (mut door, start, seat) = (Door::default(), Instant::now(), SeatId(1));
        door.name(seat, "old".into(), start);
        door.name(seat, "new".into(), start);

        door.sweep(seat, start + Duration::from_secs(29));
        assert_eq!(door.named("old"), Some(seat));
        door.sweep(seat, start + Duration::from_secs(31));
        assert_eq!(door.named("old"), None);
        assert_eq!(door.named("new"), Some(seat));
    }

    #[test]
    fn a_seat_is_remembered_at_eight_addresses_and_forgotten_at_all() {
        let mut door = Door::default();
        for n in 0..20 {
            door.settle(SeatId(1), port(n));
        }

        assert_eq!(door.at(port(0)), None);
        assert_eq!(door.at(port(19)), Some(SeatId(1)));
        door.clear(SeatId(1));
        assert!((0..20).all(|n| door.at(port(n)).is_none()));
    }

    #[test]
    fn an_address_belongs_to_the_last_who_proved_it() {
        let mut door = Door::default();
        door.settle(SeatId(1), port(1));
        door.settle(SeatId(2), port(1));
        door.clear(SeatId(1));

        assert_eq!(door.at(port(1)), Some(SeatId(2)));
    }

    proptest! {
        #[test]
        fn no_datagram_makes_the_door_panic(bytes: Vec<u8>) {
            look(&bytes);
        }

        #[test]
        fn no_stun_tail_makes_the_door_panic(tail in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut bytes = vec![0, 1, 0, tail.len() as u8, 0x21, 0x12, 0xa4, 0x42];
            bytes.extend([7; 12]);
            bytes.extend(tail);
            look(&bytes);
        }
    }
}
