//! Server: listeners, routes and wiring. Knows every room's face and holds no rules.

mod assets;
mod figures;
mod fronted;
mod inside;
mod layers;
mod listen;
mod metrics;
mod openapi;
mod routes;
mod telemetry;
mod tls;
mod typescript;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::FromRef;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::attachments::Files;
use crate::config::Config;
use crate::ctx::Ctx;
use crate::media::Relay;
use crate::paper::Press;
use crate::signal::{self, Signal};

pub use figures::Figures;
pub use inside::{Answer, Inside};
pub use metrics::Metrics;
pub use routes::{document, router};
pub use telemetry::install as install_log;
pub use tls::{Shown, TlsError, ends as certificate_ends, prepare as prepare_tls};
pub use typescript::typescript;

/// What the routes are served from. A room sees its own part of it, never the whole.
#[derive(Clone)]
pub struct App {
    /// Database, clock, dice, vault.
    pub ctx: Ctx,
    /// The settings the process was started with.
    pub config: Arc<Config>,
    /// Where files are.
    pub files: Arc<Files>,
    /// What papers are printed with.
    pub press: Arc<Press>,
    /// The open lines.
    pub signal: Signal,
    /// Where calls are held; nothing if none can be.
    pub relay: Option<Relay>,
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// PEM text of the local authority, if the certificate is of our own making.
    pub authority: Option<Arc<str>>,
    /// Told when the process has to end.
    pub stop: CancellationToken,
}

impl App {
    /// An application over `ctx` in which no calls can be held.
    ///
    /// # Errors
    /// If the folder for files cannot be used.
    pub async fn new(ctx: Ctx, config: Config) -> std::io::Result<Self> {
        Self::start(ctx, config, None).await
    }

    /// The same with a relay: calls can be held.
    ///
    /// # Errors
    /// If the folder for files cannot be used.
    pub async fn with_relay(ctx: Ctx, config: Config, relay: Relay) -> std::io::Result<Self> {
        Self::start(ctx, config, Some(relay)).await
    }

    async fn start(ctx: Ctx, config: Config, relay: Option<Relay>) -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let start = ctx.clock.now();
        let public_origin = config.server.public_url.as_ref().map(|url| url.trim_end_matches('/').to_owned());
        let settings =
            signal::Settings { public_origin: public_origin.clone(), ..signal::Settings::default() };
        Ok(Self {
            files: Arc::new(Files::open(&config.attachments).await?),
            press: Arc::new(Press::open(&config.paper, public_origin)?),
            signal: Signal::start(ctx.clone(), relay.clone(), settings, stop.clone()),
            relay,
            ctx,
            config: Arc::new(config),
            metrics: Arc::new(Metrics::new(start)),
            authority: None,
            stop,
        })
    }
}

impl FromRef<App> for Ctx {
    fn from_ref(app: &App) -> Self {
        app.ctx.clone()
    }
}

impl FromRef<App> for Arc<Files> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.files)
    }
}

impl FromRef<App> for Arc<Press> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.press)
    }
}

impl FromRef<App> for Signal {
    fn from_ref(app: &App) -> Self {
        app.signal.clone()
    }
}

/// The listener, bound but not serving: its address is known before anything is promised.
pub struct Listener {
    tcp: TcpListener,
    tls: tls::Handshake,
}

impl Listener {
    /// Binds the address of the settings.
    pub async fn bind(address: SocketAddr, shown: &Shown) -> std::io::Result<Self> {
        Ok(Self { tcp: TcpListener::bind(address).await?, tls: Arc::clone(&shown.handshake) })
    }

    /// Where it listens; the port is the real one even if the settings said 0.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Serves until `app.stop`, then lets open requests finish.
    pub async fn serve(self, app: App) {
        let (config, relay, stop) = (Arc::clone(&app.config), app.relay.clone(), app.stop.clone());
        listen::serve(self.tcp, self.tls, (router(app), relay), &config.server, stop).await;
    }
}

/// Cancels `stop` at Ctrl-C or SIGTERM.
pub fn stop_on_signals(stop: CancellationToken) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("Told to stop");
        stop.cancel();
    });
    Ok(())
}
