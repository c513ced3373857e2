//! A real socket against a real listener on loopback, spoken to as a browser does.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use causeway::config;
use causeway::media::Relay;
use causeway::server::router;
use causeway::signal::{Settings, Signal};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Alliance, Person};

/// Long enough for a loaded machine, short enough to fail a broken test in bearable time.
const PATIENCE: Duration = Duration::from_secs(15);

/// A listener that serves one alliance.
pub struct Door {
    pub address: SocketAddr,
    pub signal: Signal,
    pub relay: Option<Relay>,
}

impl Door {
    /// Without a relay: nobody can sit down.
    pub async fn open(alliance: &Alliance) -> Self {
        Self::serve(alliance, None).await
    }

    /// With a relay on loopback.
    pub async fn open_with_relay(alliance: &Alliance) -> Self {
        Self::serve(alliance, Some(Relay::start(&config::Media::on_loopback()).unwrap())).await
    }

    #[allow(clippy::unused_async, reason = "what it starts wants a running runtime")]
    async fn serve(alliance: &Alliance, relay: Option<Relay>) -> Self {
        let mut app = alliance.app.clone();
        let settings = Settings { tick: Duration::from_millis(40), ..Settings::default() };
        app.signal = Signal::start(app.ctx.clone(), relay.clone(), settings, app.stop.clone());
        let signal = app.signal.clone();
        // Small buffers in the kernel, so that a slow line is slow after kilobytes, not megabytes.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(16 * 1024).unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { address, signal, relay }
    }

    /// The one good origin.
    pub fn origin(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Opens a socket as `who` would from our own page; the status if it is refused.
    pub async fn knock(&self, who: &Person) -> Result<Socket, u16> {
        let headers = [("origin", self.origin()), ("sec-websocket-protocol", "consult.v1".into())];
        self.knock_with(who, &headers).await
    }

    /// Opens a socket with these headers.
    pub async fn knock_with(&self, who: &Person, headers: &[(&'static str, String)]) -> Result<Socket, u16> {
        let mut request = format!("ws://{}/api/v1/socket", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_str(value).unwrap());
        }
        if let Some(cookie) = &who.cookie {
            request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
        }
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let tcp = socket.connect(self.address).await.unwrap();
        match client_async(request, tcp).await {
            Ok((ws, _)) => Ok(Socket { ws, id: 0, sid: Value::Null, key: Value::Null, last_n: 0 }),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(other) => panic!("the socket was not opened: {other}"),
        }
    }

    /// Opens a socket and says hello; answers when it is welcome.
    pub async fn enter(&self, who: &Person) -> Socket {
        let mut socket = self.knock(who).await.unwrap();
        socket.hello(None).await;
        socket
    }

    /// Comes back as the session that `before` held.
    pub async fn come_back(&self, who: &Person, before: &Socket) -> (Socket, Value) {
        let mut socket = self.knock(who).await.unwrap();
        socket.last_n = before.last_n;
        let resume = json!({ "sid": before.sid, "key": before.key, "last_n": before.last_n });
        let welcome = socket.hello(Some(resume)).await;
        (socket, welcome)
    }
}

/// One open socket.
pub struct Socket {
    ws: WebSocketStream<TcpStream>,
    id: u32,
    pub sid: Value,
    pub key: Value,
    /// The newest event applied.
    pub last_n: i64,
}

impl Socket {
    /// Says hello; gives the welcome.
    pub async fn hello(&mut self, resume: Option<Value>) -> Value {
        let mut hello = json!({ "t": "hello", "v": 1, "device": "dev-test", "caps": ["slots"] });
        if let Some(resume) = resume {
            hello["resume"] = resume;
        }
        self.say(hello).await;
        let welcome = self.until("a welcome", |frame| frame["t"] == "welcome").await;
        (self.sid, self.key) = (welcome["sid"].clone(), welcome["key"].clone());
        self.last_n = welcome["from"].as_i64().unwrap();
        welcome
    }

    /// Says one frame.
    pub async fn say(&mut self, frame: Value) {
        self.say_text(frame.to_string()).await;
    }

    /// Says any text. A line that is gone takes nothing.
    pub async fn say_text(&mut self, text: String) {
        let _ = self.ws.send(Message::text(text)).await;
    }

    /// The next frame; a test that waits in vain ends here.
    pub async fn hear(&mut self, what: &str) -> Value {
        loop {
            let heard = timeout(PATIENCE, self.ws.next()).await;
            match heard.unwrap_or_else(|_| panic!("waited in vain for {what}")) {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["t"] == "evt" {
                        assert_eq!(frame["n"], self.last_n + 1, "an event twice or out of order: {frame}");
                        self.last_n += 1;
                    }
                    return frame;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("waited for {what}, and the line ended: {other:?}"),
            }
        }
    }

    /// The next frame that fits; others are passed over.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let since = std::time::Instant::now();
        loop {
            // Frames that come by the clock would keep it waiting for ever.
            assert!(since.elapsed().as_secs() < 60, "not within a minute: {what}");
            let frame = self.hear(what).await;
            if fits(&frame) {
                return frame;
            }
        }
    }

    /// The next event of this type.
    pub async fn event(&mut self, kind: &str) -> Value {
        let frame = self.until(kind, |frame| frame["ev"]["type"] == kind).await;
        frame["ev"].clone()
    }

    /// The next telling of this topic that fits.
    pub async fn state(&mut self, topic: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let told = |frame: &Value| frame["t"] == "state" && frame["topic"] == topic && fits(&frame["full"]);
        self.until(topic, told).await["full"].clone()
    }

    /// Does a command under a fresh key and waits for its answer.
    pub async fn does(&mut self, command: Value) -> Value {
        self.does_as(&fresh_op(), command).await
    }

    /// Does a command under this key.
    pub async fn does_as(&mut self, op: &str, command: Value) -> Value {
        self.id += 1;
        let id = self.id;
        let what = format!("the answer to {}", command["type"]);
        self.say(json!({ "t": "cmd", "id": id, "op": op, "do": command })).await;
        self.until(&what, |frame| frame["t"] == "res" && frame["id"] == id).await
    }

    /// Reads to the end; the close code, and what was heard on the way.
    pub async fn closed(&mut self) -> (u16, Vec<Value>) {
        let mut heard = Vec::new();
        loop {
            match timeout(PATIENCE, self.ws.next()).await.expect("waited in vain for the end") {
                Some(Ok(Message::Close(Some(close)))) => return (close.code.into(), heard),
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["t"] == "evt" {
                        assert_eq!(frame["n"], self.last_n + 1, "an event twice or out of order: {frame}");
                        self.last_n += 1;
                    }
                    heard.push(frame);
                }
                Some(Ok(_)) => {}
                other => panic!("the line ended without a code: {other:?}"),
            }
        }
    }
}

/// A key that was never used.
pub fn fresh_op() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("019aa5e0-c400-7000-8000-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}
