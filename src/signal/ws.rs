//! The bytes: an axum WebSocket on one side, the pure session on the other.
//!
//! One task per socket moves frames in, one writes them out and may be as slow as the line;
//! a third carries out this line's commands in order. None of them is ever waited for by
//! anybody else.

use std::time::Duration;

use axum::{
    extract::{
        FromRef, FromRequestParts, Request, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_tungstenite::tungstenite;
use tracing::{Instrument, debug, info_span};

use super::{
    Signal,
    ask::{Ask, EAR},
    commands::{self, Job, Speaker},
    protocol::{MAX_FRAME, Passing, SUBPROTOCOL},
    session::{Close, Input, Output, Session},
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{Door, Doors, Problem, codes},
};

/// Read and write buffers are allocated per socket before a byte is said: ten thousand idle
/// sockets at the library's 128 KiB would be 1.3 GB.
const BUFFER: usize = 4 * 1024;

/// What the library may hold back for a slow line before writing fails.
const MAX_UNWRITTEN: usize = 256 * 1024;

/// Commands and negotiations of one line that may wait.
const JOBS: usize = 64;

/// How long a line that is ended gets to take what was already said.
const FAREWELL: Duration = Duration::from_secs(5);

/// The socket's one address.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
    Signal: FromRef<S>,
{
    Doors::of("socket").get(
        "/socket",
        open::<S>,
        Door::new("open_socket", "The WebSocket of docs/protocol.md, sub-protocol `consult.v1`.")
            .people_only()
            .header("Upgrade", "`websocket`", false)
            .header("Sec-WebSocket-Protocol", "`consult.v1`", false)
            .answers_nothing(101)
            .refuses(&[&codes::WRONG_ORIGIN, &codes::BAD_REQUEST]),
    )
}

/// `GET /api/v1/socket`: from our own page, by somebody who is signed in, in our sub-protocol.
async fn open<S>(State(state): State<S>, request: Request) -> Response
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
    Signal: FromRef<S>,
{
    let signal = Signal::from_ref(&state);
    let (mut parts, _) = request.into_parts();
    if !is_ours(&parts.headers, &parts.uri, signal.settings().public_origin.as_deref()) {
        return Problem::new(&codes::WRONG_ORIGIN).into_response();
    }
    let who = match Principal::from_request_parts(&mut parts, &state).await {
        Ok(who) => who,
        Err(problem) => return problem.into_response(),
    };
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &state).await else {
        return Problem::new(&codes::BAD_REQUEST).into_response();
    };
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(MAX_UNWRITTEN)
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME);
    if upgrade.selected_protocol().is_none() {
        return Problem::new(&codes::BAD_REQUEST).into_response();
    }
    let span = info_span!("line", user.id = %who.user, session.id = %who.session);
    upgrade.on_upgrade(move |socket| converse(signal, who, socket).instrument(span)).into_response()
}

/// Browsers always say where a socket comes from, and no page can lie about it.
fn is_ours(headers: &HeaderMap, uri: &Uri, public: Option<&str>) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next().and_then(|value| value.to_str().ok()), origins.next()) else {
        return false;
    };
    if let Some(public) = public {
        return origin == public;
    }
    let host = uri.authority().map(axum::http::uri::Authority::as_str).or_else(|| text(header::HOST));
    host.is_some_and(|host| origin.strip_prefix("https://") == Some(host))
}

/// One socket from its first frame to its close code.
async fn converse(signal: Signal, who: Principal, socket: WebSocket) {
    let (sink, mut stream) = socket.split();
    let (pen, paper) = mpsc::channel(1);
    let writer = tokio::spawn(write(sink, paper));
    let (mouth, mut ear) = mpsc::channel(EAR);
    let (jobs, work) = mpsc::channel(JOBS);
    let speaker = Speaker::new(signal.clone(), who, mouth);
    let line = speaker.line();
    tokio::spawn(commands::carry_out(speaker.clone(), work).in_current_span());

    let clock = signal.ctx().clock.clone();
    let mut session = Session::open(clock.now());
    let mut tick = interval(signal.settings().tick);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let why = loop {
        let input = tokio::select! {
            permit = pen.reserve(), if session.has_frames() => {
                let Ok(permit) = permit else { break None };
                if let Some(frame) = session.next_frame(clock.now()) {
                    permit.send(Message::text(frame));
                }
                if let Some(output) = session.fetch() {
                    perform(&speaker, &jobs, output);
                }
                continue;
            }
            said = stream.next() => match said.map(heard) {
                Some(Some(input)) => input,
                Some(None) | None => break None,
            },
            told = ear.recv() => match told {
                Some(input) => input,
                None => break None,
            },
            _ = tick.tick() => Input::Tick,
        };
        let mut ends = None;
        for output in session.step(input, clock.now()) {
            if let Output::Close(why) = output {
                ends = Some(why);
            } else {
                perform(&speaker, &jobs, output);
            }
        }
        if ends.is_some() {
            break ends;
        }
    };
    drop(jobs);
    // Whatever still comes for this line finds nobody.
    ear.close();
    signal.note(Ask::Closed(line)).await;
    if let Some(why) = why {
        debug!(line.close_code = why.code(), "A line is ended");
        let farewell = async {
            while let Some(frame) = session.next_frame(clock.now()) {
                if pen.send(Message::text(frame)).await.is_err() {
                    return;
                }
            }
            let close = CloseFrame { code: why.code(), reason: axum::extract::ws::Utf8Bytes::default() };
            let _ = pen.send(Message::Close(Some(close))).await;
            // What is still unread would turn the close into a reset, and the code be lost on the way.
            while let Some(Ok(message)) = stream.next().await {
                if matches!(message, Message::Close(_)) {
                    return;
                }
            }
            sleep(Duration::from_millis(500)).await;
        };
        let _ = timeout(FAREWELL, farewell).await;
    }
    drop(pen);
    finish(writer).await;
}

async fn write(mut sink: SplitSink<WebSocket, Message>, mut paper: mpsc::Receiver<Message>) {
    while let Some(message) = paper.recv().await {
        if sink.send(message).await.is_err() {
            return;
        }
    }
}

async fn finish(mut writer: JoinHandle<()>) {
    if timeout(Duration::from_secs(1), &mut writer).await.is_err() {
        writer.abort();
    }
}

/// What came over the wire, or nothing if the line is gone.
fn heard(said: Result<Message, axum::Error>) -> Option<Input> {
    match said {
        Ok(Message::Text(text)) => Some(Input::Text(text.as_str().to_owned())),
        // No frame of ours is binary: it is noise like any other.
        Ok(Message::Binary(_)) => Some(Input::Text(String::new())),
        Ok(Message::Ping(_) | Message::Pong(_)) => Some(Input::Control),
        Ok(Message::Close(_)) => None,
        Err(error) => {
            let error = error.into_inner();
            let is_too_large = error
                .downcast_ref::<tungstenite::Error>()
                .is_some_and(|error| matches!(error, tungstenite::Error::Capacity(_)));
            is_too_large.then_some(Input::Unfit(Close::TooLarge))
        }
    }
}

fn perform(speaker: &Speaker, jobs: &mpsc::Sender<Job>, output: Output) {
    let job = match output {
        Output::Admit(hello) => Job::Admit(hello),
        Output::Do(id, op, command) => Job::Do(id, op, Box::new(command)),
        Output::Negotiate(consult, neg, step) => Job::Negotiate(consult, neg, step),
        Output::Seen(n) => Job::Seen(n),
        Output::Fetch(after, limit) => {
            tokio::spawn(commands::fetch(speaker.clone(), after, limit).in_current_span());
            return;
        }
        Output::Pass(Some(consult), Passing::Want { wants }) => Job::Look(consult, wants.items().to_vec()),
        Output::Pass(consult, what) => {
            speaker.signal().mention(Ask::Pass(speaker.line(), consult, what));
            return;
        }
        Output::Close(_) => return,
    };
    // A line that lets sixty-four jobs pile up has said more than it may: the rest is lost.
    let _ = jobs.try_send(job);
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asked(origin: Option<&'static str>, public: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("gateway.example:8443"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        is_ours(&headers, &Uri::from_static("/api/v1/socket"), public)
    }

    #[test]
    fn only_the_very_origin_may_open_a_socket() {
        assert!(asked(Some("https://gateway.example:8443"), None));
        assert!(!asked(None, None));
        assert!(!asked(Some("null"), None));
        assert!(!asked(Some("http://gateway.example:8443"), None));
        assert!(asked(Some("https://care.example"), Some("https://care.example")));
        assert!(!asked(Some("https://gateway.example:8443"), Some("https://care.example")));
    }
}
