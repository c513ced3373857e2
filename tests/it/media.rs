//! The relay through real UDP on loopback, with participants on a WebRTC stack by other authors.

use std::time::Duration;

use causeway::cli::probe::{Packing, Participant, section};
use causeway::config;
use causeway::media::{
    Feed, GoneWhy, Joined, MediaError, MediaEvent, Mid, Relay, Rid, RoomId, SeatId, Source, Want, testing,
};
use tokio::sync::mpsc::Receiver;
use tokio::time::{interval, sleep, timeout};

/// Long enough for a loaded machine, short enough to fail a broken test in bearable time.
const PATIENCE: Duration = Duration::from_secs(15);
const ROOM: RoomId = RoomId(1);

/// A doctor at the relay who talks and shows a picture all the time, marked with the seat's number.
pub struct Doctor {
    pub seat: SeatId,
    pub peer: std::sync::Arc<Participant>,
    pub joined: Joined,
    talking: tokio::task::JoinHandle<()>,
}

impl Doctor {
    pub async fn joins(relay: &Relay, seat: u64) -> Self {
        Self::enters(relay, ROOM, seat).await
    }

    pub async fn enters(relay: &Relay, room: RoomId, seat: u64) -> Self {
        Self::enters_with(relay, room, seat, Packing::Vp8).await
    }

    async fn enters_with(relay: &Relay, room: RoomId, seat: u64, packing: Packing) -> Self {
        let (peer, offer) = Participant::open_in("127.0.0.1:0", packing).await.unwrap();
        let joined = relay.join(room, SeatId(seat), &offer).await.unwrap();
        peer.accept(&joined.answer).await.unwrap();
        assert!(peer.connected(PATIENCE).await, "seat {seat} does not connect");
        let peer = std::sync::Arc::new(peer);
        let talking = tokio::spawn(talk(std::sync::Arc::clone(&peer), seat as u8));
        Self { seat: SeatId(seat), peer, joined, talking }
    }

    /// Waits until this doctor has heard more of whoever plays in a section, and says who that is.
    pub async fn hears_more(&self, section: usize) -> u8 {
        let before = self.packets(section);
        let more = async {
            while self.packets(section) < before + 10 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = timeout(PATIENCE, more).await;
        assert!(waited.is_ok(), "seat {} hears nothing more in {section}", self.seat.0);
        self.peer.heard()[&section].mark
    }

    pub fn packets(&self, section: usize) -> u64 {
        self.peer.heard().get(&section).map_or(0, |heard| heard.packets)
    }

    /// The section in which somebody's source plays for this doctor.
    pub fn sees(&self, events: &Told, seat: &Doctor, source: Source) -> Option<usize> {
        let feed = Feed { seat: seat.seat, source };
        let slots = events.slots.get(&self.seat).unwrap_or(&self.joined.slots);
        let slot = slots.iter().find(|slot| slot.playing == Some(feed))?;
        Some(slot.mid.as_str().parse().unwrap())
    }

    pub async fn hangs_up(self) {
        self.talking.abort();
        self.peer.close().await;
    }
}

async fn talk(peer: std::sync::Arc<Participant>, mark: u8) {
    let mut tick = interval(Duration::from_millis(20));
    for n in 0u32.. {
        tick.tick().await;
        // A packet that cannot be sent is a packet lost; the relay has to live with it.
        let _ = peer.speak(mark).await;
        let _ = peer.show(mark, n % 15 == 0).await;
    }
}

/// What the relay said, kept as a listener would.
pub struct Told {
    events: Receiver<MediaEvent>,
    slots: std::collections::HashMap<SeatId, Vec<causeway::media::Slot>>,
    gone: Vec<(SeatId, GoneWhy)>,
    /// Which encodings of a camera somebody looks at.
    needed: std::collections::HashMap<SeatId, Vec<Rid>>,
}

impl Told {
    pub fn by(relay: &Relay) -> Self {
        Self {
            events: relay.subscribe_events().unwrap(),
            slots: std::collections::HashMap::default(),
            gone: Vec::new(),
            needed: std::collections::HashMap::default(),
        }
    }

    /// Whether the seat ended, and so.
    pub fn is_gone(&self, seat: u64, why: GoneWhy) -> bool {
        self.gone.contains(&(SeatId(seat), why))
    }

    /// Hears everything said until something holds.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let waited = timeout(PATIENCE, async {
            while !holds(self) {
                match self.events.recv().await {
                    Some(MediaEvent::Slots { seat, slots }) => drop(self.slots.insert(seat, slots)),
                    Some(MediaEvent::Gone { seat, why }) => self.gone.push((seat, why)),
                    Some(MediaEvent::Needed { seat, layers }) => {
                        let camera = layers.into_iter().find(|layer| layer.mid == mid(section::CAMERA));
                        self.needed.extend(camera.map(|layer| (seat, layer.rids)));
                    }
                    Some(_) => {}
                    None => panic!("the relay stopped"),
                }
            }
        });
        assert!(waited.await.is_ok(), "the relay does not say: {what}");
    }
}

pub fn relay() -> Relay {
    Relay::start(&config::Media::on_loopback()).unwrap()
}

fn mid(section: usize) -> Mid {
    Mid::new(&section.to_string()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_doctors_hear_and_see_each_other() {
    let relay = relay();
    let mut told = Told::by(&relay);
    let lin = Doctor::joins(&relay, 11).await;
    let zhao = Doctor::joins(&relay, 22).await;
    told.until("both are in each other's slots", |told| {
        lin.sees(told, &zhao, Source::Cam).is_some() && zhao.sees(told, &lin, Source::Cam).is_some()
    })
    .await;

    for (viewer, other) in [(&lin, &zhao), (&zhao, &lin)] {
        for source in [Source::Mic, Source::Cam] {
            let slot = viewer.sees(&told, other, source).unwrap();
            assert_eq!(viewer.hears_more(slot).await, other.seat.0 as u8);
        }
        let picture = &viewer.peer.heard()[&viewer.sees(&told, other, Source::Cam).unwrap()];
        assert!(picture.began_whole, "the first picture cannot be decoded");
    }
    assert_eq!(relay.stats().panics, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_third_joins_and_another_leaves_without_a_new_offer() {
    let relay = relay();
    let mut told = Told::by(&relay);
    let lin = Doctor::joins(&relay, 11).await;
    let zhao = Doctor::joins(&relay, 22).await;
    let chen = Doctor::joins(&relay, 33).await;
    told.until("the third is seen", |told| lin.sees(told, &chen, Source::Cam).is_some()).await;

    let first_face = lin.sees(&told, &zhao, Source::Cam).unwrap();
    let second_face = lin.sees(&told, &chen, Source::Cam).unwrap();
    assert_eq!(lin.hears_more(second_face).await, 33);
    assert_eq!(lin.hears_more(first_face).await, 22);

    relay.leave(SeatId(22)).await.unwrap();
    told.until("the seat is free", |told| told.gone.contains(&(SeatId(22), GoneWhy::Left))).await;
    told.until("the slot is free", |told| lin.sees(told, &zhao, Source::Cam).is_none()).await;
    assert_eq!(lin.sees(&told, &chen, Source::Cam), Some(second_face), "a face moved to another tile");
    assert_eq!(lin.hears_more(second_face).await, 33);
    assert_eq!(relay.stats().seats, 2);
    zhao.hangs_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_muted_microphone_is_silent_and_a_shared_screen_plays_in_a_free_slot() {
    let relay = relay();
    let mut told = Told::by(&relay);
    let lin = Doctor::joins(&relay, 11).await;
    let zhao = Doctor::joins(&relay, 22).await;
    told.until("they hear each other", |told| lin.sees(told, &zhao, Source::Mic).is_some()).await;
    let voice = lin.sees(&told, &zhao, Source::Mic).unwrap();
    lin.hears_more(voice).await;

    relay.publish(zhao.seat, mid(section::MIC), Source::Mic, false).await.unwrap();
    sleep(Duration::from_millis(200)).await;
    let quiet = lin.packets(voice);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(lin.packets(voice), quiet, "a muted microphone is heard");

    relay.publish(zhao.seat, mid(section::SPARE), Source::Screen, true).await.unwrap();
    told.until("the screen is shown", |told| lin.sees(told, &zhao, Source::Screen).is_some()).await;
    let screen = lin.sees(&told, &zhao, Source::Screen).unwrap();
    for n in 0..20 {
        zhao.peer.share(99, n % 5 == 0).await.unwrap();
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(lin.hears_more_or_heard(screen), 99);

    relay.publish(zhao.seat, mid(section::MIC), Source::Mic, true).await.unwrap();
    told.until("the voice is back", |told| lin.sees(told, &zhao, Source::Mic).is_some()).await;
    let voice = lin.sees(&told, &zhao, Source::Mic).unwrap();
    assert_eq!(lin.hears_more(voice).await, 22);
    assert_eq!(lin.peer.heard()[&voice].missing, 0, "numbers jump when a microphone comes back");
}

impl Doctor {
    fn hears_more_or_heard(&self, section: usize) -> u8 {
        self.peer.heard().get(&section).map_or(0, |heard| heard.mark)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offers_that_cannot_be_followed_are_refused_by_name() {
    let relay = relay();
    let (_peer, offer) = Participant::open("127.0.0.1:0").await.unwrap();
    let refused = |offer: String| {
        let relay = relay.clone();
        async move { relay.join(ROOM, SeatId(1), &offer).await.err() }
    };

    assert_eq!(refused(String::new()).await, Some(MediaError::BadOffer));
    assert_eq!(refused("v=0\r\nm=audio\r\n".into()).await, Some(MediaError::BadOffer));
    assert_eq!(refused(offer.replace("a=fingerprint", "a=finger")).await, Some(MediaError::BadOffer));
    assert_eq!(refused("v=0\r\n".repeat(10_000)).await, Some(MediaError::OfferTooLong));
    let data = format!("{offer}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:77\r\n");
    assert_eq!(refused(data).await, Some(MediaError::DataChannel));
    let many: String = (50..70).map(|n| format!("m=audio 9 X 111\r\na=mid:{n}\r\n")).collect();
    assert_eq!(refused(format!("{offer}{many}")).await, Some(MediaError::TooManySections));
    assert_eq!(relay.offer(SeatId(9), &offer).await.err(), Some(MediaError::NoSuchSeat));
    assert_eq!(relay.stats().seats, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datagrams_of_strangers_change_nothing() {
    let relay = relay();
    let mut told = Told::by(&relay);
    let lin = Doctor::joins(&relay, 11).await;
    let zhao = Doctor::joins(&relay, 22).await;
    told.until("they see each other", |told| lin.sees(told, &zhao, Source::Cam).is_some()).await;
    let face = lin.sees(&told, &zhao, Source::Cam).unwrap();
    lin.hears_more(face).await;

    let stranger = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for n in 0..3_000_usize {
        let mut bytes = vec![0; n % 200];
        for byte in &mut bytes {
            // A small generator is enough to be rude; being repeatable is worth more.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state as u8;
        }
        if let Some(first) = bytes.first_mut() {
            // Every kind of first byte there is, so that no door is left untried.
            *first = [0, 1, 20, 22, 63, 64, 128, 144, 191, 200][n % 10];
        }
        stranger.send_to(&bytes, relay.addresses()[0]).await.unwrap();
    }

    assert_eq!(lin.hears_more(face).await, 22);
    assert!(relay.stats().strangers >= 2_000);
    assert_eq!((relay.stats().panics, relay.stats().seats), (0, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_costs_its_own_seat_and_nobody_elses_media() {
    let relay = relay();
    let mut told = Told::by(&relay);
    let lin = Doctor::joins(&relay, 11).await;
    let zhao = Doctor::joins(&relay, 22).await;
    let chen = Doctor::joins(&relay, 33).await;
    told.until("all see each other", |told| {
        lin.sees(told, &zhao, Source::Cam).is_some() && zhao.sees(told, &lin, Source::Cam).is_some()
    })
    .await;
    let (to_lin, to_zhao) =
        (lin.sees(&told, &zhao, Source::Cam).unwrap(), zhao.sees(&told, &lin, Source::Cam).unwrap());
    lin.hears_more(to_lin).await;

    testing::panic_at(&relay, chen.seat).unwrap();
    told.until("the seat is gone", |told| told.gone.contains(&(SeatId(33), GoneWhy::Panicked))).await;

    assert_eq!(lin.hears_more(to_lin).await, 22);
    assert_eq!(zhao.hears_more(to_zhao).await, 11);
    assert_eq!(lin.peer.heard()[&to_lin].missing, 0, "media stopped for those who did nothing");
    assert_eq!(relay.stats().panics, 1);

    chen.hangs_up().await;
    let again = Doctor::joins(&relay, 33).await;
    told.until("the third is back", |told| lin.sees(told, &again, Source::Cam).is_some()).await;
    let face = lin.sees(&told, &again, Source::Cam).unwrap();
    assert_eq!(lin.hears_more(face).await, 33);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_goes_on_after_an_ice_restart() {
    let relay = relay();
    let mut told = Told::by(&relay);
    let lin = Doctor::joins(&relay, 11).await;
    let zhao = Doctor::joins(&relay, 22).await;
    told.until("they see each other", |told| lin.sees(told, &zhao, Source::Cam).is_some()).await;
    let face = lin.sees(&told, &zhao, Source::Cam).unwrap();
    lin.hears_more(face).await;

    let offer = zhao.peer.offer(true).await.unwrap();
    let answer = relay.offer(zhao.seat, &offer).await.unwrap();
    assert_eq!(streams(&answer), streams(&zhao.joined.answer), "a restart renames streams");
    zhao.peer.accept(&answer).await.unwrap();
    sleep(Duration::from_secs(1)).await;

    assert_eq!(lin.hears_more(face).await, 22);
    assert_eq!(relay.stats().seats, 2);

    // Sections in which nobody played before the restart are there after it.
    let chen = Doctor::joins(&relay, 33).await;
    told.until("the third is seen", |told| zhao.sees(told, &chen, Source::Cam).is_some()).await;
    let second_face = zhao.sees(&told, &chen, Source::Cam).unwrap();
    assert_eq!(zhao.hears_more(second_face).await, 33);
    let first_face = zhao.sees(&told, &lin, Source::Cam).unwrap();
    assert_eq!(zhao.hears_more(first_face).await, 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_section_that_comes_back_has_streams_of_another_name() {
    let relay = relay();
    let (_peer, offer) = Participant::open_in("127.0.0.1:0", Packing::Vp8).await.unwrap();
    let first = relay.join(ROOM, SeatId(11), &offer).await.unwrap().answer;
    let (before, after) = offer.rsplit_once("a=recvonly").unwrap();
    relay.offer(SeatId(11), &format!("{before}a=inactive{after}")).await.unwrap();

    let again = relay.offer(SeatId(11), &offer).await.unwrap();

    // Numbers begin anew in it: under the same name and key the same ones would be used twice.
    let (others, last) = first.rsplit_once("m=video").unwrap();
    let (others_again, last_again) = again.rsplit_once("m=video").unwrap();
    assert_eq!(streams(others_again), streams(others));
    for (now, then) in streams(last_again).iter().zip(streams(last)) {
        assert_ne!(*now, then);
    }
}

/// The streams that an answer names.
fn streams(answer: &str) -> Vec<&str> {
    let all: Vec<&str> = answer.lines().filter(|line| line.starts_with("a=ssrc")).collect();
    assert!(!all.is_empty(), "an answer without streams");
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fifth_participant_is_told_that_the_room_is_full() {
    let relay = relay();
    let mut held = Vec::new();
    for seat in 1..=4 {
        let (peer, offer) = Participant::open("127.0.0.1:0").await.unwrap();
        relay.join(ROOM, SeatId(seat), &offer).await.unwrap();
        held.push(peer);
    }
    let (_peer, offer) = Participant::open("127.0.0.1:0").await.unwrap();

    assert_eq!(relay.join(ROOM, SeatId(5), &offer).await.err(), Some(MediaError::RoomFull));
    assert_eq!(relay.stats().seats, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_nobody_looks_at_is_not_sent_and_its_sender_hears_of_it() {
    let relay = relay();
    let mut told = Told::by(&relay);
    let lin = Doctor::joins(&relay, 11).await;
    let zhao = Doctor::joins(&relay, 22).await;
    told.until("they see each other", |told| lin.sees(told, &zhao, Source::Cam).is_some()).await;
    let (voice, face) =
        (lin.sees(&told, &zhao, Source::Mic).unwrap(), lin.sees(&told, &zhao, Source::Cam).unwrap());
    lin.hears_more(face).await;
    let want = |height| [Want { feed: Feed { seat: zhao.seat, source: Source::Cam }, height }];

    relay.want(lin.seat, &want(0)).unwrap();
    told.until("nobody looks", |told| told.needed.get(&zhao.seat) == Some(&Vec::new())).await;
    let unseen = lin.packets(face);
    lin.hears_more(voice).await;
    assert_eq!(lin.packets(face), unseen, "a picture is sent that nobody looks at");

    relay.want(lin.seat, &want(360)).unwrap();
    assert_eq!(lin.hears_more(face).await, 22);
    assert_eq!(lin.peer.heard()[&face].missing, 0, "numbers jump when a picture is looked at again");
    told.until("somebody looks", |told| told.needed.get(&zhao.seat) == Some(&vec![Rid::Full])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_are_handed_on_in_every_packing_to_whoever_can_unpack_it() {
    let relay = relay();
    let mut told = Told::by(&relay);
    for (n, packing) in [(1, Packing::H264), (2, Packing::Vp9)] {
        let room = RoomId(n);
        let lin = Doctor::enters_with(&relay, room, 10 * n + 1, packing).await;
        let zhao = Doctor::enters_with(&relay, room, 10 * n + 2, packing).await;
        let chen = Doctor::enters(&relay, room, 10 * n + 3).await;
        let all_seen = |told: &Told| {
            lin.sees(told, &zhao, Source::Cam).is_some() && chen.sees(told, &zhao, Source::Cam).is_some()
        };
        told.until("they see each other", all_seen).await;

        let face = lin.sees(&told, &zhao, Source::Cam).unwrap();
        assert_eq!(lin.hears_more(face).await, zhao.seat.0 as u8, "{packing:?}");
        assert!(lin.peer.heard()[&face].began_whole, "the first picture cannot be decoded: {packing:?}");
        assert_eq!(lin.peer.heard()[&face].missing, 0, "{packing:?}");
        let (voice, strange) =
            (chen.sees(&told, &zhao, Source::Mic).unwrap(), chen.sees(&told, &zhao, Source::Cam).unwrap());
        chen.hears_more(voice).await;
        assert_eq!(chen.packets(strange), 0, "a picture nobody could unpack was sent: {packing:?}");
    }
    assert_eq!(relay.stats().panics, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_let_go_by_a_worker_that_has_enough_to_do() {
    let relay = relay();
    let lin = Doctor::joins(&relay, 11).await;
    let mut told = Told::by(&relay);
    // Its commands queue up while it rests for some milliseconds.
    let is_busy = (0..100_000).any(|_| relay.want(SeatId(99), &[]) == Err(MediaError::Busy));
    assert!(is_busy, "the worker was never busy");

    relay.leave(lin.seat).await.unwrap();

    told.until("the seat is free", |_| relay.stats().seats == 0).await;
}
