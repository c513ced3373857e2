//! Several workers on one port: every call is carried, by whichever of them and whichever way.

use causeway::cli::probe::Participant;
use causeway::media::{Relay, RoomId, SeatId, Source, testing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use turn_types::message::{ALLOCATE, CREATE_PERMISSION};

use crate::fuzz::knock;
use crate::media::{Doctor, Told};
use crate::support::turn::{Gateway, Part, Way, send_to};

/// A room at each of the workers.
fn rooms(relay: &Relay, workers: usize) -> Vec<RoomId> {
    let at = |worker| (1..100).map(RoomId).find(|room| testing::worker_of(relay, *room) == worker).unwrap();
    (0..workers).map(at).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_at_every_worker_carry_media_over_the_one_port() {
    let gateway = Gateway::with_workers(2).await;
    let relay = &gateway.relay;
    let mut told = Told::by(relay);
    let mut pairs = Vec::new();
    for (n, room) in rooms(relay, 2).into_iter().enumerate() {
        let first = Doctor::enters(relay, room, 11 + 20 * n as u64).await;
        let second = Doctor::enters(relay, room, 12 + 20 * n as u64).await;
        pairs.push((first, second));
    }
    for (first, second) in &pairs {
        told.until("they see each other", |told| {
            first.sees(told, second, Source::Cam).is_some() && second.sees(told, first, Source::Cam).is_some()
        })
        .await;
        for (viewer, other) in [(first, second), (second, first)] {
            for source in [Source::Mic, Source::Cam] {
                let slot = viewer.sees(&told, other, source).unwrap();
                assert_eq!(viewer.hears_more(slot).await, other.seat.0 as u8);
            }
        }
    }
    let stats = relay.stats();
    assert_eq!((stats.seats, stats.rooms, stats.panics), (4, 2, 0));

    // A new name after a restart is known at the door, and the seat's end as well.
    let (first, second) = &pairs[1];
    let offer = second.peer.offer(true).await.unwrap();
    let answer = relay.offer(second.seat, &offer).await.unwrap();
    second.peer.accept(&answer).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let face = first.sees(&told, second, Source::Cam).unwrap();
    assert_eq!(first.hears_more(face).await, second.seat.0 as u8);

    for (first, second) in pairs {
        relay.leave(first.seat).await.unwrap();
        relay.leave(second.seat).await.unwrap();
        first.hangs_up().await;
        second.hangs_up().await;
    }
    told.until("all seats are free", |_| relay.stats().seats == 0 && relay.stats().rooms == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_worker_is_reached_by_streams_and_through_the_turn_server() {
    let gateway = Gateway::with_workers(3).await;
    for room in rooms(&gateway.relay, 3) {
        let seat = SeatId(room.0);
        let (_peer, offer) = Participant::open("127.0.0.1:0").await.unwrap();
        let joined = gateway.relay.join(room, seat, &offer).await.unwrap();
        let knock = knock(&offer, &joined.answer);

        let mut stream = TcpStream::connect(gateway.tcp).await.unwrap();
        stream.write_all(&(knock.len() as u16).to_be_bytes()).await.unwrap();
        stream.write_all(&knock).await.unwrap();
        let mut answer = [0; 6];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer[2..4], [1, 1], "the engine answers on the stream");

        for way in Way::ALL {
            let pass = gateway.relay.pass(seat).unwrap();
            let mut client = gateway.client(way).await;
            assert_eq!(client.asks(&pass, ALLOCATE, &[Part::Udp]).await, 0, "{way:?}");
            assert_eq!(client.asks(&pass, CREATE_PERMISSION, &[Part::Peer(gateway.udp)]).await, 0, "{way:?}");
            client.say(&send_to(gateway.udp, &knock)).await;
            let told = client.hear(std::time::Duration::from_secs(5)).await;
            let told = told.unwrap_or_else(|| panic!("worker of {room:?} is not reached by {way:?}"));
            let is_inside =
                told.windows(8).any(|part| part[..2] == [1, 1] && part[4..] == [0x21, 0x12, 0xa4, 0x42]);
            assert!(told.starts_with(&[0, 0x17]) && is_inside, "the engine answers through TURN");
        }
        gateway.relay.leave(seat).await.unwrap();
    }
    assert_eq!(gateway.relay.stats().panics, 0);
}
