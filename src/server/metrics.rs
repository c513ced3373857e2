//! Figures for whoever watches the server, in the OpenMetrics text that Prometheus reads.
//!
//! Labels are routes, methods and status codes: never an id, never a name.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tracing::warn;

use crate::kernel::Timestamp;
use crate::media::Stats;
use crate::server::App;
use crate::store::StoreError;
use crate::{consult, journal};

/// Upper edges of the duration buckets, in seconds.
const EDGES: [f64; 8] = [0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// A gauge of seconds and their parts.
type Seconds = Gauge<f64, AtomicU64>;

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Series, Histogram, fn() -> Histogram>,
    sockets: Gauge,
    rings_sent: Counter,
    rings_answered: Counter,
    journal: Gauge,
    database_is_up: Gauge,
    database_answer: Seconds,
    participants: Gauge,
    rooms: Gauge,
    relay_received: Counter,
    relay_forwarded: Counter,
    relay_withheld: Counter,
    relay_unsent: Counter,
}

/// One line of the table: a route, how it was called, how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Series {
    route: String,
    method: String,
    status: u16,
}

impl Metrics {
    /// Nothing counted yet, in a process that started at `start`.
    pub fn new(start: Timestamp) -> Self {
        let new: fn() -> Histogram = || Histogram::new(EDGES);
        let metrics = Self {
            registry: Registry::default(),
            requests: Family::new_with_constructor(new),
            sockets: Gauge::default(),
            rings_sent: Counter::default(),
            rings_answered: Counter::default(),
            journal: Gauge::default(),
            database_is_up: Gauge::default(),
            database_answer: Seconds::default(),
            participants: Gauge::default(),
            rooms: Gauge::default(),
            relay_received: Counter::default(),
            relay_forwarded: Counter::default(),
            relay_withheld: Counter::default(),
            relay_unsent: Counter::default(),
        };
        let since = Seconds::default();
        since.set(start.millis() as f64 / 1000.0);
        metrics.registered(since)
    }

    /// The names under which the figures are served.
    fn registered(mut self, since: Seconds) -> Self {
        let all = &mut self.registry;
        all.register_with_unit("process_start_time", "When the process started", Unit::Seconds, since);
        let ours = all.sub_registry_with_prefix("causeway");
        let (says, requests) = ("How long requests took, by route template", self.requests.clone());
        ours.register_with_unit("http_request", says, Unit::Seconds, requests);
        ours.register("sockets", "Open WebSockets", self.sockets.clone());
        ours.register("rings_sent", "People who were rung, once for each round", self.rings_sent.clone());
        ours.register("rings_answered", "Of these, those that were answered", self.rings_answered.clone());
        ours.register("journal_entries", "Entries of the journal", self.journal.clone());
        ours.register("database_up", "1 while the database answers", self.database_is_up.clone());
        let (says, answer) = ("How long the database took to answer just now", self.database_answer.clone());
        ours.register_with_unit("database_answer", says, Unit::Seconds, answer);
        ours.register("call_participants", "Seats taken in calls", self.participants.clone());
        ours.register("call_rooms", "Calls under way", self.rooms.clone());
        let relay = ours.sub_registry_with_prefix("relay");
        relay.register("packets_in", "Datagrams received", self.relay_received.clone());
        let (says, out) = ("Media packets handed on, once for each receiver", self.relay_forwarded.clone());
        relay.register("packets_out", says, out);
        let (says, withheld) = ("Media packets held back on purpose", self.relay_withheld.clone());
        relay.register("packets_withheld", says, withheld);
        let (says, unsent) = ("Datagrams the network did not take", self.relay_unsent.clone());
        relay.register("packets_lost", says, unsent);
        self
    }

    /// Notes one answered request.
    pub fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        // A method somebody invented must not become a new series.
        let method =
            if matches!(*method, Method::GET | Method::POST | Method::PUT | Method::PATCH | Method::DELETE) {
                method.as_str()
            } else {
                "other"
            };
        let series = Series { route: route.into(), method: method.into(), status: status.as_u16() };
        self.requests.get_or_create(&series).observe(took.as_secs_f64());
    }

    /// Reads what others keep count of.
    pub async fn look(&self, app: &App) {
        self.sockets.set(app.signal.open_lines().await as i64);
        if let Some(relay) = &app.relay {
            self.relay(&relay.stats());
        }
        let since = Instant::now();
        let told = self.database(app).await;
        self.database_is_up.set(i64::from(told.is_ok()));
        match told {
            Ok(()) => {
                self.database_answer.set(since.elapsed().as_secs_f64());
            }
            Err(error) => warn!(%error, "The database did not say its figures"),
        }
    }

    fn relay(&self, stats: &Stats) {
        self.participants.set(stats.seats as i64);
        self.rooms.set(stats.rooms as i64);
        for (counter, count) in [
            (&self.relay_received, stats.received),
            (&self.relay_forwarded, stats.forwarded),
            (&self.relay_withheld, stats.withheld),
            (&self.relay_unsent, stats.unsent),
        ] {
            counter.inner().store(count, Ordering::Relaxed);
        }
    }

    async fn database(&self, app: &App) -> Result<(), StoreError> {
        let mut tx = app.ctx.db.read().await?;
        self.journal.set(journal::newest(&mut tx).await?);
        let (sent, answered) = consult::rings_counted(&mut tx).await?;
        for (counter, count) in [(&self.rings_sent, sent), (&self.rings_answered, answered)] {
            // A person who is rung again keeps one row: what was counted stays counted.
            counter.inner().fetch_max(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        }
        Ok(())
    }

    /// The whole table as text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        encode(&mut out, &self.registry).expect("a text takes whatever is written to it");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_counted_under_its_route() {
        let metrics = Metrics::new(Timestamp::from_millis(1_763_776_800_000));

        metrics.answered(&Method::GET, "/api/v1/patients/{id}", StatusCode::OK, Duration::from_millis(30));
        metrics.answered(&Method::GET, "/api/v1/patients/{id}", StatusCode::OK, Duration::from_secs(60));

        let name = "causeway_http_request_seconds";
        let labels = "route=\"/api/v1/patients/{id}\",method=\"GET\",status=\"200\"";
        let text = metrics.text();
        assert!(text.contains(&format!("{name}_bucket{{le=\"0.02\",{labels}}} 0\n")), "{text}");
        assert!(text.contains(&format!("{name}_bucket{{le=\"0.05\",{labels}}} 1\n")), "{text}");
        assert!(text.contains(&format!("{name}_count{{{labels}}} 2\n")), "{text}");
        assert!(text.contains("process_start_time_seconds 1763776800"), "{text}");
    }
}
