//! The one TCP listener: TLS, HTTP/1.1 and HTTP/2, and a polite word for plain HTTP.
//!
//! It takes the socket before anything else does, because more than HTTPS arrives on this
//! port (see decision 0004): pages, API and WebSocket, and the media of participants whose
//! firewall lets no datagrams out. What a connection is, is told by its first bytes, outside
//! TLS and again inside.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::{debug, info, warn};

use crate::config;
use crate::kernel::site;
use crate::media::{Opening, Relay, opening};
use crate::server::fronted::Fronted;
use crate::server::tls::Handshake;

/// A client that has not finished its handshake or its request head by now is not a browser.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of media that may wait in the kernel for a stream: half a second of a thin line.
const MEDIA_QUEUE: usize = 32 * 1024;
/// What a client of HTTP/2 sends before anything else (RFC 9113, 3.4), in bytes.
const PREFACE: usize = 24;
/// The first byte of every TLS record that opens a connection.
const TLS_HANDSHAKE: u8 = 0x16;

/// Accepts connections until `stop`, then lets open requests finish for as long as configured.
pub async fn serve(
    listener: TcpListener,
    tls: Handshake,
    (router, relay): (Router, Option<Relay>),
    limits: &config::Server,
    stop: CancellationToken,
) {
    let door = Arc::new(Door {
        tls: TlsAcceptor::from(tls),
        router,
        relay,
        seats: Arc::new(Semaphore::new(limits.max_connections)),
        guests: Arc::new(Guests { most: limits.max_connections_per_address, open: Mutex::default() }),
    });
    let graceful = GracefulShutdown::new();
    loop {
        let (socket, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(pair) => pair,
                Err(error) => {
                    // Out of file descriptors, most likely: others close theirs meanwhile.
                    warn!(%error, "Could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let Some(ticket) = door.admit(site(peer.ip())) else {
            debug!("Too many connections: one was turned away");
            continue;
        };
        let (door, watcher) = (Arc::clone(&door), graceful.watcher());
        tokio::spawn(async move {
            door.welcome(socket, peer, watcher).await;
            drop(ticket);
        });
    }
    drop(listener);
    let patience = Duration::from_secs(limits.drain_seconds);
    if timeout(patience, graceful.shutdown()).await.is_err() {
        info!("Some connections were still open after {} s", patience.as_secs());
    }
}

/// What every connection passes through.
struct Door {
    tls: TlsAcceptor,
    router: Router,
    relay: Option<Relay>,
    seats: Arc<Semaphore>,
    guests: Arc<Guests>,
}

/// The right to hold one connection open; given back when dropped.
struct Ticket {
    _seat: OwnedSemaphorePermit,
    guests: Arc<Guests>,
    from: IpAddr,
}

/// How many connections each [`site`] holds open.
struct Guests {
    most: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut open = self.guests.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.from);
            }
        }
    }
}

impl Door {
    fn admit(&self, from: IpAddr) -> Option<Ticket> {
        let seat = Arc::clone(&self.seats).try_acquire_owned().ok()?;
        let mut open = self.guests.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let count = open.entry(from).or_default();
        if *count >= self.guests.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Ticket { _seat: seat, guests: Arc::clone(&self.guests), from })
    }

    async fn welcome(
        &self,
        mut socket: TcpStream,
        peer: SocketAddr,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        let _ = socket.set_nodelay(true);
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let mut first = [0];
        match timeout(PATIENCE, socket.peek(&mut first)).await {
            Ok(Ok(1)) => {}
            _ => return,
        }
        if first[0] != TLS_HANDSHAKE {
            match first_bytes(&mut socket).await {
                Some((Opening::Media(framing), first)) => {
                    bound_queue(&socket);
                    if let Some(relay) = &self.relay {
                        relay.carry(socket, first, peer, framing).await;
                    }
                }
                Some((Opening::Other | Opening::Unclear, head)) => point_to_https(socket, head).await,
                None => {}
            }
            return;
        }
        let Ok(Ok(mut stream)) = timeout(PATIENCE, self.tls.accept(socket)).await else {
            debug!("A TLS handshake was not finished");
            return;
        };
        let speaks_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let mut head = match first_bytes(&mut stream).await {
            Some((Opening::Media(framing), first)) => {
                bound_queue(stream.get_ref().0);
                if let Some(relay) = &self.relay {
                    relay.carry(stream, first, peer, framing).await;
                }
                return;
            }
            Some((Opening::Other | Opening::Unclear, head)) => head,
            None => return,
        };
        if speaks_h2 && !read_to(&mut stream, &mut head, PREFACE).await {
            debug!("A connection did not begin as HTTP/2 does");
            return;
        }
        let router = self.router.clone();
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let builder = builder(speaks_h2);
        let stream = TokioIo::new(Fronted::new(head, stream));
        let connection = builder.serve_connection_with_upgrades(stream, service);
        if let Err(error) = watcher.watch(connection).await {
            debug!(%error, "A connection ended early");
        }
    }
}

/// Reads until it is clear what a connection is; nothing if nobody says anything.
async fn first_bytes(stream: &mut (impl AsyncRead + Unpin)) -> Option<(Opening, Vec<u8>)> {
    let mut head = Vec::with_capacity(4096);
    let reading = async {
        while opening(&head) == Opening::Unclear {
            if stream.read_buf(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        Some(opening(&head))
    };
    let told = timeout(PATIENCE, reading).await.ok()??;
    Some((told, head))
}

/// Reads until there are so many bytes; false if they do not come in time. No time-out of the HTTP
/// library runs before it has the preface.
async fn read_to(stream: &mut (impl AsyncRead + Unpin), head: &mut Vec<u8>, length: usize) -> bool {
    let reading = async {
        while head.len() < length {
            if stream.read_buf(head).await.unwrap_or(0) == 0 {
                return false;
            }
        }
        true
    };
    timeout(PATIENCE, reading).await.unwrap_or(false)
}

/// What waits in the kernel is late already: a call keeps little there.
fn bound_queue(socket: &TcpStream) {
    // A kernel that refuses makes a slow line slower, nothing worse.
    let _ = socket2::SockRef::from(socket).set_send_buffer_size(MEDIA_QUEUE);
}

/// The protocol was agreed on in the handshake: no guessing, so the time-outs hold from the first
/// request head or preface.
fn builder(speaks_h2: bool) -> Builder<TokioExecutor> {
    let builder = Builder::new(TokioExecutor::new());
    let mut builder = if speaks_h2 { builder.http2_only() } else { builder.http1_only() };
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(32 * 1024)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// Someone typed `http://`: say where the page is. Whatever else it was closes itself.
async fn point_to_https(mut socket: TcpStream, head: Vec<u8>) {
    let answer = redirect(&head);
    let _ = timeout(PATIENCE, socket.write_all(answer.as_bytes())).await;
    let _ = timeout(PATIENCE, socket.shutdown()).await;
}

/// The answer to a plain HTTP request head: the same address with `https://`, if it names a
/// host that can be repeated safely.
fn redirect(head: &[u8]) -> String {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    let request_line = lines.next().unwrap_or_default();
    let mut words = request_line.split(' ');
    let path = words.nth(1).filter(|p| p.starts_with('/')).unwrap_or("/");
    let host = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map(|(_, value)| value.trim());
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:[]/?#@!$&'()*+,;=%".contains(c);
    let place = match host {
        Some(host) if !host.is_empty() && host.chars().all(plain) && path.chars().all(plain) => {
            format!("Location: https://{host}{path}\r\n")
        }
        _ => String::new(),
    };
    let words = "This address speaks HTTPS: type https:// in front of it.\n";
    let status = if place.is_empty() { "400 Bad Request" } else { "308 Permanent Redirect" };
    format!(
        "HTTP/1.1 {status}\r\n{place}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{words}",
        words.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_request_is_sent_to_the_same_page_on_https() {
        let answer = redirect(b"GET /today?x=1 HTTP/1.1\r\nHost: localhost:8443\r\n\r\n");

        assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
        assert!(answer.contains("Location: https://localhost:8443/today?x=1\r\n"), "{answer}");
    }

    #[test]
    fn a_head_that_cannot_be_repeated_safely_gets_words_only() {
        for head in [&b"GET / HTTP/1.0\r\n\r\n"[..], b"\x80\x01\x02", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"]
        {
            let answer = redirect(head);

            assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
            assert!(!answer.contains("Location"), "{answer}");
        }
    }
}
