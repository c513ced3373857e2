//! The TURN server: a way to this relay for browsers that cannot send it datagrams.
//!
//! RFC 8656, and of it what a browser needs to reach one peer: this relay. There are no
//! relay sockets. What a participant sends "through" the server is handed to the relay in
//! the same thread, under an address that is lent to it and exists on paper only, so nothing
//! else can be reached whatever a client asks for. No input, no output, no clock: bytes and
//! the moment come in, answers go out (decision 0006).

mod allocation;
mod budget;
mod pass;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use allocation::Allocation;
use budget::Budget;
pub use pass::Pass;
pub(super) use pass::Passes;
use wire::{Ask, Fault, Method, Request};

use super::model::SeatId;

/// Allocations of one seat: datagrams, TCP and TLS, and the same again while ICE restarts.
const PER_SEAT: usize = 6;
/// Allocations in all.
const IN_ALL: usize = 4_096;
/// Addresses lent to one seat for as long as it is taken: a call that changes its line a hundred times.
const LENT_PER_SEAT: usize = 512;
/// A seat that was given a pass has to be taken within this.
const TAKEN_WITHIN: Duration = Duration::from_secs(120);
/// Ports of the addresses that are lent. Browsers on this machine send from 32768 and above.
const PORTS: std::ops::Range<u16> = 1_024..32_768;

/// How a client of the TURN server reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Via {
    /// By datagrams from this address.
    Udp(SocketAddr),
    /// By the stream of this number, opened from this address.
    Stream(u64, SocketAddr),
}

impl Via {
    fn address(self) -> SocketAddr {
        match self {
            Self::Udp(address) | Self::Stream(_, address) => address,
        }
    }
}

/// What came of what a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome<'a> {
    /// Say this to the client.
    Answer(Vec<u8>),
    /// The seat sent this to the relay, from the address that was lent to it.
    Inner { seat: SeatId, lent: SocketAddr, bytes: &'a [u8] },
    /// Not worth an answer.
    Nothing,
}

/// Why a request is refused; to somebody who has proven a pass with its key, to sign with.
struct Refusal {
    fault: Fault,
    key: Option<wire::Key>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self { fault, key: None }
    }
}

/// Somebody who may have allocations.
#[derive(Debug)]
struct Guest {
    /// Sits in a room; before that, when the pass becomes void.
    until: Option<Instant>,
    clients: Vec<Via>,
    /// All addresses that were ever lent to it.
    lent: Vec<SocketAddr>,
}

/// The server.
pub(super) struct TurnServer {
    passes: Passes,
    /// The only addresses anybody may send to: our own, as participants are told.
    peers: Vec<SocketAddr>,
    guests: HashMap<SeatId, Guest>,
    allocations: HashMap<Via, Allocation>,
    /// Addresses by whom they were lent to. They stay when an allocation ends, for as long as its
    /// seat is taken: until then the engine may send there, and it must not reach the network.
    lent: HashMap<SocketAddr, Via>,
    /// Whoever opened a stream showed where it is; what is said in forged datagrams is not its.
    datagrams: Budget,
    streams: Budget,
    next_port: u16,
}

impl TurnServer {
    pub(super) fn new(passes: Passes, peers: Vec<SocketAddr>) -> Self {
        Self {
            passes,
            peers,
            guests: HashMap::new(),
            allocations: HashMap::new(),
            lent: HashMap::new(),
            datagrams: Budget::default(),
            streams: Budget::default(),
            next_port: PORTS.start,
        }
    }

    /// A seat was given a pass and will be taken soon.
    pub(super) fn expect(&mut self, seat: SeatId, now: Instant) {
        let over: Vec<SeatId> =
            self.guests.iter().filter(|(_, guest)| guest.is_void(now)).map(|(seat, _)| *seat).collect();
        for seat in over {
            self.forget(seat);
        }
        let until = Some(now + TAKEN_WITHIN);
        let guest = self.guests.entry(seat).or_insert_with(|| Guest::new(until));
        guest.until = guest.until.and(until);
    }

    /// The seat is taken: its passes hold for as long as somebody sits there.
    pub(super) fn seated(&mut self, seat: SeatId) {
        self.guests.entry(seat).or_insert_with(|| Guest::new(None)).until = None;
    }

    /// Nobody sits there any more: every pass, allocation and address of the seat is void.
    pub(super) fn forget(&mut self, seat: SeatId) {
        let Some(guest) = self.guests.remove(&seat) else { return };
        for client in guest.clients {
            self.drop_allocation(client);
        }
        for address in guest.lent {
            self.lent.remove(&address);
        }
    }

    /// A client's stream has ended.
    pub(super) fn hung_up(&mut self, client: Via) {
        self.drop_allocation(client);
    }

    /// Whether an address is one that was lent to somebody who still sits: datagrams from it on a
    /// socket are forged, and none may be sent there.
    pub(super) fn has_lent(&self, address: SocketAddr) -> bool {
        self.lent.contains_key(&address)
    }

    pub(super) fn allocations(&self) -> usize {
        self.allocations.len()
    }

    /// Takes in what a client sent.
    pub(super) fn take<'a>(&mut self, client: Via, bytes: &'a [u8], now: Instant) -> Outcome<'a> {
        match wire::read(bytes) {
            Some(Ask::Channel { number, data }) => {
                self.inner(client, data, now, |allocation| allocation.use_channel(number, now))
            }
            Some(Ask::Send { peer, data }) => {
                self.inner(client, data, now, |allocation| allocation.use_peer(peer, now))
            }
            Some(Ask::Address(request)) => {
                if !self.may_answer(client, now) {
                    return Outcome::Nothing;
                }
                Outcome::Answer(request.your_address(client.address()))
            }
            Some(Ask::Request(request)) => self.request(client, &request, now),
            None => Outcome::Nothing,
        }
    }

    /// Packs what the relay sends to an address that was lent; nothing if nobody may get it.
    pub(super) fn pack(&mut self, to: SocketAddr, bytes: &[u8], now: Instant) -> Option<(Via, Vec<u8>)> {
        let client = *self.lent.get(&to)?;
        let allocation = self.allocations.get_mut(&client).filter(|allocation| allocation.lent == to)?;
        Some((client, allocation.pack(bytes, now)?))
    }

    fn inner<'a>(
        &mut self,
        client: Via,
        bytes: &'a [u8],
        now: Instant,
        permitted: impl FnOnce(&mut Allocation) -> bool,
    ) -> Outcome<'a> {
        let Some(allocation) = self.allocations.get_mut(&client) else { return Outcome::Nothing };
        if allocation.is_over(now) || !permitted(allocation) || !allocation.may_send(bytes.len(), now) {
            return Outcome::Nothing;
        }
        Outcome::Inner { seat: allocation.seat, lent: allocation.lent, bytes }
    }

    fn request<'a>(&mut self, client: Via, request: &Request<'_>, now: Instant) -> Outcome<'a> {
        let (seat, key) = match self.authenticate(client, request, now) {
            Ok(known) => known,
            Err(Refusal { fault, key: Some(key) }) => {
                return Outcome::Answer(request.refused(fault, None, Some(&key)));
            }
            // Without proof of a pass an answer is a gift, possibly to somebody else.
            Err(_) if !self.may_answer(client, now) => return Outcome::Nothing,
            Err(Refusal { fault, key: None }) => {
                let nonce = fault.wants_nonce().then(|| self.passes.nonce(client, now));
                return Outcome::Answer(request.refused(fault, nonce.as_deref(), None));
            }
        };
        let done = match request.method {
            Method::Allocate => self.allocate(client, seat, request, now),
            Method::Refresh => self.refresh(client, request, now),
            Method::CreatePermission => self.permit(client, request, now),
            Method::ChannelBind => self.bind(client, request, now),
        };
        Outcome::Answer(match done {
            Ok(granted) => request.granted(&granted, client.address(), &key),
            Err(fault) => request.refused(fault, None, Some(&key)),
        })
    }

    /// Whether a stranger gets one more answer.
    fn may_answer(&mut self, client: Via, now: Instant) -> bool {
        match client {
            Via::Udp(address) => self.datagrams.allows(address.ip(), now),
            Via::Stream(_, address) => self.streams.allows(address.ip(), now),
        }
    }

    /// Who asks, proven anew with every request (in the order of RFC 8489, 6.3 and 9.2.4).
    fn authenticate(
        &self,
        client: Via,
        request: &Request<'_>,
        now: Instant,
    ) -> Result<(SeatId, wire::Key), Refusal> {
        let claim = request.claim()?;
        if !self.passes.is_fresh(claim.nonce, client, now) {
            return Err(Fault::StaleNonce.into());
        }
        let (seat, holds) = self.passes.read(claim.user, now).ok_or(Fault::Unauthorized)?;
        let key = Request::key(claim.user, &self.passes.credential(claim.user));
        if !request.is_signed_by(&key) {
            return Err(Fault::Unauthorized.into());
        }
        let is_live = self.guests.get(&seat).is_some_and(|guest| !guest.is_void(now));
        // A pass is for making allocations; an allocation outlives it while the seat is taken.
        if !is_live || (request.method == Method::Allocate && !holds) {
            return Err(Fault::Unauthorized.into());
        }
        let fault = match self.allocations.get(&client).filter(|known| !known.is_over(now)) {
            Some(allocation) if allocation.seat != seat => Some(Fault::WrongCredentials),
            Some(_) | None => request.is_understood().err(),
        };
        match fault {
            Some(fault) => Err(Refusal { fault, key: Some(key) }),
            None => Ok((seat, key)),
        }
    }

    fn allocate(
        &mut self,
        client: Via,
        seat: SeatId,
        request: &Request<'_>,
        now: Instant,
    ) -> Result<wire::Granted, Fault> {
        if let Some(known) = self.allocations.get(&client).filter(|known| !known.is_over(now)) {
            // The answer was lost and the browser asks again.
            if known.made_by == request.transaction() {
                return Ok(wire::Granted::Allocated { lent: known.lent, lifetime: known.left(now) });
            }
            return Err(Fault::Mismatch);
        }
        if !request.wants_udp()? {
            return Err(Fault::UnsupportedTransport);
        }
        let peer = self.peer_of(request)?;
        // What this client had is over, whosever it was.
        self.drop_allocation(client);
        self.clear_over(seat, now);
        if self.guests.get(&seat).is_none_or(Guest::has_all) {
            return Err(Fault::QuotaReached);
        }
        if self.allocations.len() >= IN_ALL {
            return Err(Fault::NoCapacity);
        }
        let lent = self.free_address(peer).ok_or(Fault::NoCapacity)?;
        let allocation = Allocation::new(seat, lent, request.transaction(), now);
        let lifetime = allocation.left(now);
        self.lent.insert(lent, client);
        self.allocations.insert(client, allocation);
        if let Some(guest) = self.guests.get_mut(&seat) {
            guest.clients.push(client);
            guest.lent.push(lent);
        }
        Ok(wire::Granted::Allocated { lent, lifetime })
    }

    fn refresh(&mut self, client: Via, request: &Request<'_>, now: Instant) -> Result<wire::Granted, Fault> {
        let allocation = self.live(client, now)?;
        if request.family().is_some_and(|v4| v4 != allocation.lent.is_ipv4()) {
            return Err(Fault::FamilyMismatch);
        }
        if request.lifetime() == Some(Duration::ZERO) {
            self.drop_allocation(client);
            return Ok(wire::Granted::Refreshed { lifetime: Duration::ZERO });
        }
        allocation.extend(now);
        Ok(wire::Granted::Refreshed { lifetime: allocation.left(now) })
    }

    fn permit(&mut self, client: Via, request: &Request<'_>, now: Instant) -> Result<wire::Granted, Fault> {
        let asked = request.peers()?;
        let peers = self.peers.clone();
        let allocation = self.live(client, now)?;
        if asked.is_empty() {
            return Err(Fault::BadRequest);
        }
        for peer in &asked {
            admit(peer, &peers, allocation.lent)?;
        }
        asked.iter().for_each(|peer| allocation.permit(*peer, now));
        Ok(wire::Granted::Done)
    }

    fn bind(&mut self, client: Via, request: &Request<'_>, now: Instant) -> Result<wire::Granted, Fault> {
        let (asked, number) = (request.peers()?, request.channel()?);
        let peers = self.peers.clone();
        let allocation = self.live(client, now)?;
        let [peer] = asked[..] else { return Err(Fault::BadRequest) };
        admit(&peer, &peers, allocation.lent)?;
        if allocation.bind(number, peer, now) { Ok(wire::Granted::Done) } else { Err(Fault::BadRequest) }
    }

    fn live(&mut self, client: Via, now: Instant) -> Result<&mut Allocation, Fault> {
        self.allocations.get_mut(&client).filter(|known| !known.is_over(now)).ok_or(Fault::Mismatch)
    }

    /// The peer of the family that was asked for; the first of ours when none was.
    fn peer_of(&self, request: &Request<'_>) -> Result<SocketAddr, Fault> {
        let v4 = self.peers.iter().find(|peer| peer.is_ipv4());
        let v6 = self.peers.iter().find(|peer| peer.is_ipv6());
        let found = match request.family() {
            Some(true) => v4,
            Some(false) => v6,
            None => v4.or(v6),
        };
        found.copied().ok_or(Fault::UnsupportedFamily)
    }

    fn free_address(&mut self, peer: SocketAddr) -> Option<SocketAddr> {
        for _ in PORTS {
            let port = self.next_port;
            self.next_port = if port + 1 == PORTS.end { PORTS.start } else { port + 1 };
            let address = SocketAddr::new(peer.ip(), port);
            if !self.lent.contains_key(&address) && !self.peers.contains(&address) {
                return Some(address);
            }
        }
        None
    }

    fn clear_over(&mut self, seat: SeatId, now: Instant) {
        let Some(guest) = self.guests.get(&seat) else { return };
        let is_over =
            |client: &&Via| self.allocations.get(client).is_none_or(|allocation| allocation.is_over(now));
        let over: Vec<Via> = guest.clients.iter().filter(is_over).copied().collect();
        over.into_iter().for_each(|client| self.drop_allocation(client));
    }

    fn drop_allocation(&mut self, client: Via) {
        let Some(allocation) = self.allocations.remove(&client) else { return };
        if let Some(guest) = self.guests.get_mut(&allocation.seat) {
            guest.clients.retain(|known| *known != client);
        }
    }
}

/// Whether an address looks like one that is lent: ours, at a port of those.
pub(super) fn may_be_lent(address: SocketAddr, homes: &[SocketAddr]) -> bool {
    PORTS.contains(&address.port()) && homes.iter().any(|home| home.ip() == address.ip())
}

impl Guest {
    fn new(until: Option<Instant>) -> Self {
        Self { until, clients: Vec::new(), lent: Vec::new() }
    }

    /// Whether it has as much as one seat gets.
    fn has_all(&self) -> bool {
        self.clients.len() >= PER_SEAT || self.lent.len() >= LENT_PER_SEAT
    }

    fn is_void(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// The one rule of who may be sent to. Compared as given: an address that only means one of
/// ours (mapped, translated, unspecified) is not one of ours.
fn admit(peer: &SocketAddr, peers: &[SocketAddr], lent: SocketAddr) -> Result<(), Fault> {
    if !peers.contains(peer) {
        return Err(Fault::Forbidden);
    }
    if peer.is_ipv4() == lent.is_ipv4() { Ok(()) } else { Err(Fault::FamilyMismatch) }
}
