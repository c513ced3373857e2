//! Attacks on the relay from outside and by participants (T14 to T17 and what belongs to them).

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use causeway::kernel::{DiceExt, LoadedDice};
use causeway::media::{GoneWhy, Relay, SeatId, Source};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};

use crate::media::{Doctor, Told};
use crate::support::turn::{Gateway, Part, Way, send_to};

/// Where nobody may get through the TURN server: T14's list, with a port that somebody listens on.
fn forbidden(gateway: &Gateway, sink: u16) -> Vec<SocketAddr> {
    let hosts = [
        "127.0.0.1",
        "0.0.0.0",
        "127.255.255.254",
        "169.254.169.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.254",
        "192.168.1.1",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.0.1",
        "198.18.0.1",
        "203.0.113.9",
        "8.8.8.8",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:0:0",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fe80::1",
        "fc00::1",
        "fd00::1",
        "ff02::1",
        "2001:db8::1",
        "100::1",
    ];
    let own = gateway.udp.port();
    let mut list: Vec<SocketAddr> =
        hosts.iter().map(|host| SocketAddr::new(host.parse().unwrap(), sink)).collect();
    // Our own addresses at other ports, our port at other addresses, and what only looks like ours.
    list.push(gateway.tcp);
    for near in [
        format!("[::1]:{}", gateway.tcp.port()),
        format!("127.0.0.2:{own}"),
        format!("0.0.0.0:{own}"),
        format!("[::ffff:127.0.0.1]:{own}"),
        format!("[::]:{own}"),
        format!("127.0.0.1:{}", own.wrapping_add(1)),
        "127.0.0.1:0".into(),
    ] {
        list.push(near.parse().unwrap());
    }
    list
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_the_turn_server_nothing_but_the_relay_is_reached() {
    let gateway = Gateway::open().await;
    // Sinks on one port, both families, both protocols. Without IPv6 the one is left out.
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = sink.local_addr().unwrap().port();
    let sinks: Vec<UdpSocket> =
        [Some(sink), UdpSocket::bind(("::1", port)).ok()].into_iter().flatten().collect();
    sinks.iter().for_each(|sink| sink.set_nonblocking(true).unwrap());
    let tcp = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let list = forbidden(&gateway, port);
    let mut refused = 0;
    for (n, way) in Way::ALL.into_iter().enumerate() {
        for six in [false, true] {
            let pass = gateway.relay.pass(SeatId(10 + n as u64)).unwrap();
            let mut client = gateway.client(way).await;
            let family: &[Part] = if six { &[Part::Udp, Part::Six] } else { &[Part::Udp] };
            assert_eq!(client.asks(&pass, ALLOCATE, family).await, 0, "{way:?}");
            for peer in &list {
                assert_eq!(
                    client.asks(&pass, CREATE_PERMISSION, &[Part::Peer(*peer)]).await,
                    403,
                    "{way:?} {peer}"
                );
                let bind = [Part::Channel(0x4000), Part::Peer(*peer)];
                assert_eq!(client.asks(&pass, CHANNEL_BIND, &bind).await, 403, "{way:?} {peer}");
                client.say(&send_to(*peer, b"is anybody there?")).await;
                client.say(&[0x40, 0, 0, 4, 1, 2, 3, 4]).await;
                refused += 4;
            }
            // A good and a bad one in one request are refused together.
            let own =
                if six { SocketAddr::new("::1".parse().unwrap(), gateway.udp.port()) } else { gateway.udp };
            let mixed = [Part::Peer(own), Part::Peer(list[0])];
            assert_eq!(client.asks(&pass, CREATE_PERMISSION, &mixed).await, 403);
            // The one that is allowed, and inside it TURN again, which is nobody's.
            assert_eq!(client.asks(&pass, CHANNEL_BIND, &[Part::Channel(0x4000), Part::Peer(own)]).await, 0);
            let inner = [&[0x40, 0, 0, 20][..], &[0, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42], &[9; 12]].concat();
            client.say(&inner).await;
            assert!(client.hears_nothing().await, "TURN was answered inside TURN");
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut buffer = [0; 100];
    let arrived = sinks.iter().filter(|sink| sink.recv_from(&mut buffer).is_ok()).count();
    assert_eq!(arrived, 0, "something came out of the TURN server");
    let connected = tokio::time::timeout(Duration::from_millis(50), tcp.accept()).await;
    assert!(connected.is_err(), "the TURN server opened a connection");
    assert_eq!(gateway.relay.stats().panics, 0);
    println!(
        "turn: {refused} attempts at {} addresses by UDP, TCP and TLS, v4 and v6: all refused, 0 packets on the sinks",
        list.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pass_ends_with_its_seat_on_every_way() {
    let gateway = Gateway::open().await;
    for (n, way) in Way::ALL.into_iter().enumerate() {
        let seat = SeatId(40 + n as u64);
        let pass = gateway.relay.pass(seat).unwrap();
        let mut client = gateway.client(way).await;
        assert_eq!(client.asks(&pass, ALLOCATE, &[Part::Udp]).await, 0);
        assert_eq!(client.asks(&pass, CREATE_PERMISSION, &[Part::Peer(gateway.udp)]).await, 0);

        gateway.relay.leave(seat).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;

        assert_eq!(client.asks(&pass, REFRESH, &[Part::Life(600)]).await, 401, "{way:?}");
        assert_eq!(client.asks(&pass, CREATE_PERMISSION, &[Part::Peer(gateway.udp)]).await, 401, "{way:?}");
        assert_eq!(gateway.client(way).await.asks(&pass, ALLOCATE, &[Part::Udp]).await, 401, "{way:?}");
    }
    assert_eq!(gateway.relay.stats().allocations, 0);
}

/// A stream of one kind or another: what a port scanner says, pages asked for without TLS, nonsense.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_said_to_the_tcp_port_it_answers_pages_and_calls_afterwards() {
    let gateway = Gateway::open().await;
    let dice = LoadedDice::new(20_261_122);
    for n in 0..300_u32 {
        let mut socket = TcpStream::connect(gateway.tcp).await.unwrap();
        let mut bytes: [u8; 64] = dice.bytes();
        bytes[0] = (n % 6) as u8;
        if n % 3 == 0 {
            bytes[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
        } else if n % 3 == 1 {
            bytes[6..10].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
        }
        let _ = socket.write_all(&bytes).await;
    }
    let mut plain = TcpStream::connect(gateway.tcp).await.unwrap();
    plain.write_all(b"GET /today HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut said = String::new();
    plain.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 308"), "{said}");

    let pass = gateway.relay.pass(SeatId(1)).unwrap();
    assert_eq!(gateway.client(Way::Tls).await.asks(&pass, ALLOCATE, &[Part::Udp]).await, 0);
    assert_eq!(gateway.relay.stats().panics, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_goes_on_under_random_and_mutated_packets() {
    hostile(30_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a million packets of each kind: make prove"]
async fn a_call_goes_on_under_a_million_packets_of_each_kind() {
    hostile(1_000_000).await;
}

async fn hostile(packets: u32) {
    let gateway = Gateway::open().await;
    let relay = &gateway.relay;
    let mut told = Told::by(relay);
    let lin = Doctor::joins(relay, 11).await;
    let zhao = Doctor::joins(relay, 22).await;
    told.until("they see each other", |told| lin.sees(told, &zhao, Source::Cam).is_some()).await;
    let face = lin.sees(&told, &zhao, Source::Cam).unwrap();
    lin.hears_more(face).await;

    let name =
        lin.joined.answer.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap().to_owned();
    let good = good_packets(relay, &name);
    let to = gateway.udp;
    let before = relay.stats();
    let throwing = tokio::task::spawn_blocking(move || throw(to, packets, &good));
    while !throwing.is_finished() {
        assert_eq!(lin.hears_more(face).await, 22, "the call does not go on");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (random, mutated) = throwing.await.unwrap();
    assert_eq!(lin.hears_more(face).await, 22);

    let after = relay.stats();
    assert_eq!((after.panics, after.seats), (0, 2));
    println!(
        "relay: {random} random and {mutated} mutated packets into a call, {} of them read; the call went on, 0 panics",
        after.strangers - before.strangers
    );
    zhao.hangs_up().await;
    lin.hangs_up().await;
}

/// One packet of every kind that the relay takes, right but for the keys.
fn good_packets(relay: &Relay, name: &str) -> Vec<Vec<u8>> {
    let pass = relay.pass(SeatId(11)).unwrap();
    let user = format!("{name}:their");
    let mut stun = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    stun.extend([7; 12]);
    let mut attribute = |kind: u16, value: &[u8]| {
        stun.extend(kind.to_be_bytes());
        stun.extend((value.len() as u16).to_be_bytes());
        stun.extend(value);
        stun.resize(stun.len().next_multiple_of(4), 0);
    };
    attribute(0x0006, user.as_bytes());
    attribute(0x0024, &[110, 0, 1, 255]);
    attribute(0x802a, &[1; 8]);
    attribute(0x0008, &[3; 20]);
    let length = (stun.len() - 20) as u16;
    stun[2..4].copy_from_slice(&length.to_be_bytes());
    let mut allocate = stun.clone();
    allocate[1] = 3;
    let rtp =
        [&[0x90, 111, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 0xbe, 0xde, 0, 1, 0x10, 9, 0, 0][..], &[5; 80]].concat();
    let rtcp = [&[0x80, 200, 0, 6][..], &[6; 60]].concat();
    let hello =
        [&[22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 90, 1, 0, 0, 78, 0, 0, 0, 0, 0, 0, 0, 78][..], &[8; 78]]
            .concat();
    let channel = [&[0x40, 1, 0, 60][..], &[4; 60]].concat();
    vec![stun, allocate, rtp, rtcp, hello, channel, send_to(relay.addresses()[0], pass.user.as_bytes())]
}

/// Throws them from a few sockets, not faster than a loaded loopback takes.
fn throw(to: SocketAddr, packets: u32, good: &[Vec<u8>]) -> (u32, u32) {
    let dice = LoadedDice::new(4_711);
    let sockets: Vec<UdpSocket> = (0..4).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let (mut random, mut mutated) = (0, 0);
    let began = Instant::now();
    for n in 0..packets * 2 {
        let roll: [u8; 8] = dice.bytes();
        let bytes = if n % 2 == 0 {
            random += 1;
            let mut bytes: [u8; 256] = dice.bytes();
            // Half of them look like something from outside.
            if roll[0] < 128 {
                bytes[0] = [0, 1, 20, 22, 23, 64, 79, 128, 144, 191][usize::from(roll[1]) % 10];
            }
            bytes[..usize::from(roll[2]).max(1)].to_vec()
        } else {
            mutated += 1;
            let mut bytes = good[usize::from(roll[1]) % good.len()].clone();
            for change in roll[3..].chunks(2).take(1 + usize::from(roll[0]) % 3) {
                let at = (usize::from(change[0]) * 7 + n as usize) % bytes.len();
                bytes[at] = *change.last().unwrap();
            }
            if roll[2] < 32 {
                bytes.truncate(usize::from(roll[7]) % bytes.len() + 1);
            }
            bytes
        };
        let _ = sockets[n as usize % sockets.len()].send_to(&bytes, to);
        // Some thousands a second: what is lost in the kernel has tried nothing.
        let due = began + Duration::from_micros(u64::from(n) * 60);
        if n % 64 == 0 {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
    (random, mutated)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_participant_who_floods_hurts_nobody_else_and_is_shown_out() {
    let gateway = Gateway::open().await;
    let relay = &gateway.relay;
    let mut told = Told::by(relay);
    let lin = Doctor::joins(relay, 11).await;
    let zhao = Doctor::joins(relay, 22).await;
    let rude = Doctor::joins(relay, 33).await;
    told.until("all are heard", |told| {
        lin.sees(told, &zhao, Source::Mic).is_some() && lin.sees(told, &rude, Source::Mic).is_some()
    })
    .await;
    let (voice, noise) =
        (lin.sees(&told, &zhao, Source::Mic).unwrap(), lin.sees(&told, &rude, Source::Mic).unwrap());
    lin.hears_more(voice).await;
    let heard = |section| (lin.packets(section), lin.peer.heard()[&section].missing);
    let (before, noise_before, start) = (heard(voice), lin.packets(noise), Instant::now());

    let flooding = std::sync::Arc::clone(&rude.peer);
    let flood = tokio::spawn(async move {
        for sent in 0_u64.. {
            // Ten times a voice, however late this machine wakes us. A packet that is not sent floods nobody.
            let _ = flooding.speak(33).await;
            if sent * 2 > start.elapsed().as_millis() as u64 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    });
    told.until("who floods is shown out", |told| told.is_gone(33, GoneWhy::Flooded)).await;
    let took = start.elapsed().as_secs();
    flood.abort();
    let (after, through) = (heard(voice), lin.packets(noise) - noise_before);

    assert!(took >= 4, "shown out after {took} s already");
    let (arrived, missing) = (after.0 - before.0, after.1 - before.1);
    assert!(arrived >= 40 * took, "{arrived} packets of a voice in {took} s");
    assert!(missing * 100 <= arrived, "{missing} of {arrived} packets of a voice are missing");
    assert!(through <= 200 * (took + 2), "{through} packets of the flood came through");
    lin.hears_more(voice).await;
    assert_eq!((relay.stats().panics, relay.stats().seats), (0, 2));
    println!(
        "relay: ten voices from one seat, shown out after {took} s, {through} packets handed on; of another voice {arrived} came, {missing} missing"
    );
}

/// A stream that begins like ICE over TCP, with a question that is nobody's.
async fn knocks(gateway: &Gateway) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.tcp).await.unwrap();
    let question = [&[0, 20, 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
    stream.write_all(&question).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_nothing_is_read_slowly_and_hung_up_on_while_it_talks() {
    let gateway = Gateway::open().await;
    let relay = &gateway.relay;
    let mut talks = knocks(&gateway).await;
    let began = Instant::now();

    // Empty packets, as fast as they are taken: no bytes to speak of, and work all the same.
    let (mut hurries, before) = (knocks(&gateway).await, relay.stats().received);
    let _ = tokio::time::timeout(Duration::from_secs(2), async {
        while hurries.write_all(&[0; 4_096]).await.is_ok() {}
    })
    .await;
    let (taken, passed) = (relay.stats().received - before, began.elapsed().as_secs_f64());
    assert!(taken > 2_000, "{taken} packets were read at all");
    // What was read before its weight was known comes on top.
    assert!((taken as f64) < passed * 5_000.0 + 20_000.0, "{taken} packets in {passed:.1} s");
    drop(hurries);

    let packet = [&[0, 24][..], &[0x80; 24]].concat();
    while began.elapsed() < Duration::from_secs(14) && talks.write_all(&packet).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let seconds = began.elapsed().as_secs();
    assert!((9..14).contains(&seconds), "hung up on after {seconds} s");
    println!("relay: a stream of empty packets was read at {:.0} a second", taken as f64 / passed);
}

/// coturn's own client against us, where it is installed: by UDP, TCP and TLS it is given an
/// allocation, may reach the relay and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs coturn's turnutils: make prove"]
async fn an_independent_client_is_served_and_refused_as_the_standard_says() {
    if std::process::Command::new("turnutils_uclient").output().is_err() {
        println!(
            "SKIPPED: turnutils_uclient (package coturn) is not here: the independent client was NOT tried"
        );
        return;
    }
    let gateway = Gateway::open().await;
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    sink.set_nonblocking(true).unwrap();
    let forbidden = sink.local_addr().unwrap();
    for (n, way) in [&[][..], &["-t"], &["-t", "-S"]].into_iter().enumerate() {
        let to = if n == 0 { gateway.udp } else { gateway.tcp };
        let seat = SeatId(60 + n as u64);
        let pass = gateway.relay.pass(seat).unwrap();
        for (peer, is_ours) in [(gateway.udp, true), (forbidden, false)] {
            let (port, peer_port) = (to.port().to_string(), peer.port().to_string());
            let mut said = String::new();
            // It asks for an even port by chance, which is refused as unknown: then it is asked again.
            for _ in 0..20 {
                let mut client = tokio::process::Command::new("timeout");
                // By indications: it binds channels by the older standard's numbers, too.
                client.args(["20", "turnutils_uclient", "-v", "-c", "-s", "-n", "1", "-m", "1", "-l", "60"]);
                client.args(["-u", &pass.user, "-w", &pass.credential, "-p", &port, "-L", "127.0.0.1"]);
                client.args(["-e", "127.0.0.1", "-r", &peer_port]).args(way).arg("127.0.0.1");
                let out = client.output().await.unwrap();
                said =
                    [out.stdout, out.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
                if said.contains("create perm sent") {
                    break;
                }
            }
            println!("---- {way:?} {is_ours}\n{said}");
            // It asks for the peer, and after that for the port beside it, which is nobody's.
            let asked = said.split("create perm sent").nth(1).expect("it asks for a permission");
            assert_eq!((asked.contains("success"), asked.contains("403")), (is_ours, !is_ours), "{said}");
        }
    }
    assert!(sink.recv_from(&mut [0; 100]).is_err(), "something came out of the TURN server");
    assert_eq!(gateway.relay.stats().panics, 0);
}
