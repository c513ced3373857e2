//! The second listener: the figures, in plain HTTP, on an address that only the watcher reaches.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tracing::{error, info};

use crate::server::App;

/// What the text is, as Prometheus asks for it.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The listener for figures, bound but not serving.
pub struct Figures {
    tcp: TcpListener,
}

impl Figures {
    /// Binds the address of the settings.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self { tcp: TcpListener::bind(address).await? })
    }

    /// Serves `/metrics` and nothing else until `app.stop`.
    pub async fn serve(self, app: App) {
        if let Ok(address) = self.tcp.local_addr() {
            info!(%address, "Figures are served");
        }
        let stop = app.stop.clone();
        let router = Router::new().route("/metrics", get(metrics)).with_state(app);
        let serving = axum::serve(self.tcp, router).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = serving.await {
            error!(%error, "Figures are not served any more");
        }
    }
}

async fn metrics(State(app): State<App>) -> Response {
    app.metrics.look(&app).await;
    ([(header::CONTENT_TYPE, OPEN_METRICS)], app.metrics.text()).into_response()
}
