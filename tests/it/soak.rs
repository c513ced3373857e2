//! Rooms come and go, and what they took is given back (R25).

use std::process::{Command, Stdio};
use std::time::Duration;

use causeway::media::{RoomId, SeatId};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};
use turn_types::message::ALLOCATE;

use crate::fuzz::{knock, offer};
use crate::support::turn::{Gateway, Part, Way};

/// Rooms at most until every pool and every map has grown to its size.
const WARM_UP: u64 = 500;
/// Kilobytes that may be kept: what the allocator does not give back of some hundred thousand pieces.
const KEPT: u64 = 6_000;

/// What a process has: kilobytes, descriptors, threads.
#[derive(Debug, Clone, Copy)]
struct Held {
    kilobytes: u64,
    descriptors: usize,
    threads: usize,
}

impl Held {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        let many = |folder: &str| std::fs::read_dir(folder).unwrap().count();
        Self {
            kilobytes: line.split_whitespace().nth(1).unwrap().parse().unwrap(),
            descriptors: many("/proc/self/fd"),
            threads: many("/proc/self/task"),
        }
    }

    /// What is still held when everything that was going to end has ended: no more descriptors and threads than before,
    /// or half a minute later.
    async fn settled(before: &Self) -> Self {
        for _ in 0..300 {
            let now = Self::now();
            if now.descriptors <= before.descriptors && now.threads <= before.threads {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Self::now()
    }
}

#[test]
#[ignore = "some minutes: make prove"]
fn five_thousand_rooms_leave_nothing_behind() {
    in_its_own_process(5_000);
}

#[test]
fn a_hundred_rooms_leave_nothing_behind() {
    if std::env::var_os("TEST_STORE").is_some_and(|store| store == "postgres") {
        return;
    }
    in_its_own_process(100);
}

/// Other tests of this process would be measured with it.
fn in_its_own_process(rooms: u64) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["soak::the_rooms_of_the_soak", "--exact", "--ignored", "--nocapture"])
        .env("CAUSEWAY_SOAK_ROOMS", rooms.to_string())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    print!("{said}");
    assert!(child.status.success() && said.contains("soak:"), "the soak failed");
}

/// Not a test by itself: the process of the soak, when a test started it.
#[test]
#[ignore = "the other half of the soak"]
fn the_rooms_of_the_soak() {
    let Some(rooms) = std::env::var("CAUSEWAY_SOAK_ROOMS").ok().and_then(|text| text.parse().ok()) else {
        return;
    };
    // The runtime's own threads for blocking work go home at once, so that a thread left over is the product's.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime =
        runtime.worker_threads(2).enable_all().thread_keep_alive(Duration::from_millis(50)).build().unwrap();
    runtime.block_on(soak(rooms));
}

async fn soak(rooms: u64) {
    let gateway = Gateway::with_workers(2).await;
    let warm_up = WARM_UP.min(rooms);
    come_and_go(&gateway, 0, warm_up).await;
    let before = Held::now();
    come_and_go(&gateway, warm_up, rooms).await;
    let after = Held::settled(&before).await;
    let stats = gateway.relay.stats();
    println!(
        "soak: {rooms} rooms made and ended: {} kB before, {} kB after; descriptors {} and {}; threads {} and {}",
        before.kilobytes,
        after.kilobytes,
        before.descriptors,
        after.descriptors,
        before.threads,
        after.threads
    );
    assert_eq!((stats.rooms, stats.seats, stats.allocations, stats.panics), (0, 0, 0, 0));
    assert!(
        after.descriptors <= before.descriptors && after.threads <= before.threads,
        "something is still held"
    );
    assert!(after.kilobytes <= before.kilobytes + KEPT, "memory grew");
}

/// Knocks until somebody answers, as a browser does: a datagram may be lost.
async fn reach(socket: &UdpSocket, knock: &[u8], gateway: &Gateway) {
    for _ in 0..60 {
        socket.send_to(knock, gateway.udp).await.unwrap();
        let heard = tokio::time::timeout(Duration::from_millis(500), socket.recv(&mut [0; 200])).await;
        if heard.is_ok_and(|heard| heard.is_ok()) {
            return;
        }
    }
    panic!("the engine does not answer");
}

/// Two sit down, are reached by datagrams, by a stream and through the TURN server, and leave.
async fn come_and_go(gateway: &Gateway, from: u64, rooms: u64) {
    let relay = &gateway.relay;
    for room in from..from + rooms {
        let mut lines = Vec::new();
        for seat in [2 * room + 1, 2 * room + 2].map(SeatId) {
            let pass = relay.pass(seat).unwrap();
            let joined = relay.join(RoomId(room), seat, offer()).await.unwrap();
            let knock = knock(offer(), &joined.answer);
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            reach(&socket, &knock, gateway).await;
            // The server answers strangers ten times a second, and everybody here is one source.
            if room % 25 == 0 {
                let mut client = gateway.client(Way::Udp).await;
                assert_eq!(client.asks(&pass, ALLOCATE, &[Part::Udp]).await, 0);
            }
            if room % 10 == 0 {
                let mut stream = TcpStream::connect(gateway.tcp).await.unwrap();
                stream.write_all(&(knock.len() as u16).to_be_bytes()).await.unwrap();
                stream.write_all(&knock).await.unwrap();
                lines.push(stream);
            }
        }
        for seat in [2 * room + 1, 2 * room + 2].map(SeatId) {
            relay.leave(seat).await.unwrap();
        }
    }
    // The last ones are cleared away, and streams are seen to have ended.
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let stats = relay.stats();
        if (stats.rooms, stats.seats, stats.allocations) == (0, 0, 0) {
            break;
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
}
