//! The handle the rest of the house holds: commands in, answers and events out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use super::counters::{self, Counters};
use super::error::MediaError;
use super::model::{Joined, MediaEvent, Mid, RoomId, SeatId, Slot, Source, Stats, Want};
use super::offer::Offer;
use super::peer::{Homes, Identity, Peer};
use super::stream::{BREATH, StreamSays};
use super::turn::{Pass, Passes, TurnServer};
use super::worker::{Inbox, Worker};
use super::yard::posts;
use crate::config;
use crate::kernel::OsDice;

/// Commands that may wait for the worker. A full queue refuses; it never blocks a caller.
const COMMANDS: usize = 256;
/// Batches of packets that may wait from all streams together; past this they are read later.
const STREAMS: usize = 512;
/// Events that may wait for one listener. Past this, a seat's older event of the same kind
/// is replaced by the newer one, so that nothing grows and the last word is always told.
const EVENTS: usize = 1024;

/// Workers that are started without being asked for: one carries some hundred consults.
const MOST_BY_ITSELF: usize = 4;
/// Workers at all: past this the one that has the port is what holds up the others.
const MOST: usize = 16;

/// What the handle may ask of a worker.
pub(super) enum Command {
    Seat { room: RoomId, seat: SeatId, peer: Box<Peer>, done: Reply<Vec<Slot>> },
    Offer { seat: SeatId, offer: Offer, done: Reply<String> },
    Expect { seat: SeatId },
    Leave { seat: SeatId },
    Publish { seat: SeatId, mid: Mid, source: Source, on: bool, done: Reply<()> },
    Want { seat: SeatId, wants: Vec<Want> },
    Listen { to: mpsc::Sender<MediaEvent> },
    Panic { seat: SeatId },
    Stop,
}

/// Where the worker puts its answer.
pub(super) type Reply<T> = oneshot::Sender<Result<T, MediaError>>;

/// The relay could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The UDP address is taken or not ours.
    #[error("cannot listen for media on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The machine gave no thread or no poll.
    #[error("cannot start the media worker")]
    Worker(#[source] std::io::Error),
}

/// A running relay. Clones share its workers; it stops when [`Relay::stop`] is called or the
/// last clone is dropped.
#[derive(Clone)]
pub struct Relay {
    inner: Arc<Inner>,
}

struct Inner {
    /// The workers; the first one has the port.
    hands: Vec<Hand>,
    counters: Arc<[Counters]>,
    identity: Identity,
    homes: Homes,
    streams: SyncSender<StreamSays>,
    last_stream: AtomicU64,
    passes: Passes,
}

/// The way to one worker.
struct Hand {
    commands: SyncSender<Command>,
    waker: Arc<mio::Waker>,
}

impl Hand {
    fn tell(&self, command: Command) -> Result<(), MediaError> {
        self.commands.try_send(command).map_err(|why| match why {
            TrySendError::Full(_) => MediaError::Busy,
            TrySendError::Disconnected(_) => MediaError::Stopped,
        })?;
        self.waker.wake().map_err(|_| MediaError::Stopped)
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, MediaError> {
        let (done, answer) = oneshot::channel();
        self.tell(command(done))?;
        answer.await.map_err(|_| MediaError::Stopped)?
    }
}

impl Relay {
    /// Binds the socket and starts the worker threads.
    pub fn start(config: &config::Media) -> Result<Self, StartError> {
        let socket = UdpSocket::bind(config.listen).map_err(|why| StartError::Listen(config.listen, why))?;
        let bound = socket.local_addr().map_err(|why| StartError::Listen(config.listen, why))?;
        let udp: Arc<[SocketAddr]> = advertised(config, bound).into();
        if udp.iter().all(|home| home.ip().is_loopback()) && !bound.ip().is_loopback() {
            tracing::warn!(
                "no outer address found; calls work on this machine only until media.advertise is set"
            );
        }
        let port = config.advertise_tcp_port;
        let tcp = port.map(|port| udp.iter().map(|home| SocketAddr::new(home.ip(), port)).collect());
        let homes = Homes { udp, tcp: tcp.unwrap_or_default() };
        let passes = Passes::new(&OsDice, super::worker::moment());
        let many = workers(config);
        let (streams, carried) = sync_channel(STREAMS);
        let mut carried = Some(carried);
        let counters: Arc<[Counters]> = (0..many).map(|_| Counters::default()).collect();
        let (mut hands, mut built) = (Vec::new(), Vec::new());
        for number in 0..many {
            let turn = TurnServer::new(passes.clone(), homes.udp.to_vec());
            let (commands, asked) = sync_channel(COMMANDS);
            // Streams are the first worker's; nobody holds the other end of the others' queues.
            let streams = carried.take().unwrap_or_else(|| sync_channel(1).1);
            let inbox = Inbox { commands: asked, streams };
            let socket = socket.try_clone().map_err(StartError::Worker)?;
            let counters = (Arc::clone(&counters), number);
            let (worker, waker) =
                Worker::new(config, socket, inbox, turn, counters).map_err(StartError::Worker)?;
            hands.push(Hand { commands, waker });
            built.push(worker);
        }
        let wakers: Vec<_> = hands.iter().map(|hand| Arc::clone(&hand.waker)).collect();
        for (number, (mut worker, post)) in built.into_iter().zip(posts(&wakers, &homes.udp)).enumerate() {
            worker.join(post);
            thread::Builder::new()
                .name(format!("media {number}"))
                .spawn(move || worker.run())
                .map_err(StartError::Worker)?;
        }
        tracing::info!(
            media.addresses = homes.udp.len(),
            media.tcp = port.is_some(),
            media.workers = many,
            "relay listening"
        );
        let (identity, last_stream) = (Identity::new(), AtomicU64::new(0));
        let inner = Inner { hands, counters, identity, homes, streams, last_stream, passes };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The addresses browsers are told, the first one being where probes should go.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.inner.homes.udp
    }

    /// Whether media is taken over TCP, on the port of the page.
    pub fn takes_streams(&self) -> bool {
        !self.inner.homes.tcp.is_empty()
    }

    /// A pass to the TURN server for a seat that will be taken soon, or is. It is void when
    /// the seat is left.
    pub fn pass(&self, seat: SeatId) -> Result<Pass, MediaError> {
        self.inner.hands[0].tell(Command::Expect { seat })?;
        Ok(self.inner.passes.issue(seat, super::worker::moment()))
    }

    /// Takes a seat in a room with a first offer. A seat that is taken already gets the new
    /// connection in place of the old one: it is the same participant come back.
    pub async fn join(&self, room: RoomId, seat: SeatId, offer: &str) -> Result<Joined, MediaError> {
        let offer = Offer::read(offer)?;
        let inner = Arc::clone(&self.inner);
        // Reading an offer and making keys takes milliseconds that calls under way should not wait for.
        let built = tokio::task::spawn_blocking(move || {
            Peer::accept(&offer, &inner.identity, &inner.homes, super::worker::moment())
        });
        let (peer, answer) = built.await.map_err(|_| MediaError::BadOffer)??;
        let sections = peer.sections().to_vec();
        let hand = &self.inner.hands[self.worker_of(room)];
        let slots = hand.ask(|done| Command::Seat { room, seat, peer: Box::new(peer), done }).await?;
        Ok(Joined { answer, slots, sections })
    }

    /// A further offer on a seat: an ICE restart, or more sections. Gives the answer.
    pub async fn offer(&self, seat: SeatId, offer: &str) -> Result<String, MediaError> {
        let offer = Offer::read(offer)?;
        self.find(|done| Command::Offer { seat, offer: offer.clone(), done }).await
    }

    /// Says what a sending section carries, or that it is muted.
    pub async fn publish(&self, seat: SeatId, mid: Mid, source: Source, on: bool) -> Result<(), MediaError> {
        self.find(|done| Command::Publish { seat, mid, source, on, done }).await
    }

    /// Says what a participant looks at, whole: what is not named is looked at in full.
    pub fn want(&self, seat: SeatId, wants: &[Want]) -> Result<(), MediaError> {
        self.tell(|| Command::Want { seat, wants: wants.to_vec() })
    }

    /// Frees a seat. Unknown seats are fine: leaving twice is leaving. A worker that has enough to do
    /// is told once it has not: nobody would say it again.
    pub async fn leave(&self, seat: SeatId) -> Result<(), MediaError> {
        let mut told = Ok(());
        for hand in &self.inner.hands {
            let mut answer = hand.tell(Command::Leave { seat });
            while answer == Err(MediaError::Busy) {
                sleep(BREATH).await;
                answer = hand.tell(Command::Leave { seat });
            }
            told = told.and(answer);
        }
        told
    }

    /// Everything the relay says from now on.
    pub fn subscribe_events(&self) -> Result<mpsc::Receiver<MediaEvent>, MediaError> {
        let (to, events) = mpsc::channel(EVENTS);
        self.tell(|| Command::Listen { to: to.clone() })?;
        Ok(events)
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        counters::read(&self.inner.counters)
    }

    /// Ends all calls and the workers.
    pub fn stop(&self) {
        // A worker that is gone has stopped.
        let _ = self.tell(|| Command::Stop);
    }

    /// Tells every worker: only one of them will have something to do.
    pub(super) fn tell(&self, command: impl Fn() -> Command) -> Result<(), MediaError> {
        // All hear it, whatever one of them answers.
        let told: Vec<_> = self.inner.hands.iter().map(|hand| hand.tell(command())).collect();
        told.into_iter().collect()
    }

    pub(super) fn worker_of(&self, room: RoomId) -> usize {
        place_of(room, self.inner.hands.len())
    }

    pub(super) fn next_stream(&self) -> u64 {
        self.inner.last_stream.fetch_add(1, Ordering::Relaxed)
    }

    /// Hands over what a stream says; gives it back when the worker has enough to do, and
    /// nothing when it has ended.
    pub(super) fn tell_stream(&self, says: StreamSays) -> Result<(), Option<StreamSays>> {
        self.inner.streams.try_send(says).map_err(|why| match why {
            TrySendError::Full(back) => Some(back),
            TrySendError::Disconnected(_) => None,
        })?;
        self.inner.hands[0].waker.wake().map_err(|_| None)
    }

    /// Asks one worker after the other for a seat. It is asked rarely, and a list of who sits
    /// where would have to be kept true.
    async fn find<T>(&self, command: impl Fn(Reply<T>) -> Command) -> Result<T, MediaError> {
        for hand in &self.inner.hands {
            match hand.ask(&command).await {
                Err(MediaError::NoSuchSeat) => {}
                answered => return answered,
            }
        }
        Err(MediaError::NoSuchSeat)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Dropping the senders ends the workers; they only have to look.
        for hand in &self.hands {
            let _ = hand.tell(Command::Stop);
        }
    }
}

/// How many workers these settings ask for.
fn workers(config: &config::Media) -> usize {
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let asked = config.workers.map(|workers| usize::from(workers.get()));
    asked.unwrap_or_else(|| cores().saturating_sub(1).clamp(1, MOST_BY_ITSELF)).min(MOST)
}

/// The worker a room is at, for good. Numbers that come in steps are spread by the multiplication.
fn place_of(room: RoomId, workers: usize) -> usize {
    (room.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % workers
}

/// The addresses that browsers would be told under these settings.
pub fn addresses(config: &config::Media) -> Vec<SocketAddr> {
    advertised(config, config.listen)
}

fn advertised(config: &config::Media, bound: SocketAddr) -> Vec<SocketAddr> {
    let port = config.advertise_port.unwrap_or(bound.port());
    if !config.advertise.is_empty() {
        return config.advertise.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
    }
    if !bound.ip().is_unspecified() {
        return vec![SocketAddr::new(bound.ip(), port)];
    }
    let v4 = outward("0.0.0.0:0", "192.0.2.1:9");
    let v6 = if bound.is_ipv6() { outward("[::]:0", "[2001:db8::1]:9") } else { None };
    let mut found: Vec<IpAddr> = v4.into_iter().chain(v6).collect();
    if found.is_empty() {
        // No way out, no other address: good for trying things out on one machine.
        found.push(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()
}

/// The address this machine goes out with. Connecting a datagram socket sends nothing; it only
/// asks the routing table (for a documentation address).
fn outward(from: &str, to: &str) -> Option<IpAddr> {
    let probe = UdpSocket::bind(from).ok()?;
    probe.connect(to).ok()?;
    Some(probe.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}
