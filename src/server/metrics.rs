//! Counters for whoever watches the server, in the text form Prometheus reads.
//!
//! Labels are routes, methods and status codes: never an id, never a name.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};

/// Upper edges of the duration buckets, in seconds.
const EDGES: [f64; 8] = [0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<Series, Tally>>,
}

/// One line of the table: a route, how it was called, how it ended.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    route: String,
    method: String,
    status: u16,
}

#[derive(Debug, Default)]
struct Tally {
    count: u64,
    seconds: f64,
    within: [u64; EDGES.len()],
}

impl Metrics {
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
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = requests.entry(series).or_default();
        tally.count += 1;
        tally.seconds += took.as_secs_f64();
        for (within, edge) in tally.within.iter_mut().zip(EDGES) {
            *within += u64::from(took.as_secs_f64() <= edge);
        }
    }

    /// The whole table as text.
    pub fn text(&self) -> String {
        let mut out = String::from("# TYPE causeway_http_request_seconds histogram\n");
        for (series, tally) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner) {
            let name = "causeway_http_request_seconds";
            let labels = format!(
                "route=\"{}\",method=\"{}\",status=\"{}\"",
                series.route, series.method, series.status
            );
            for (within, edge) in tally.within.iter().zip(EDGES) {
                let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{edge}\"}} {within}");
            }
            let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", tally.count);
            let _ = writeln!(out, "{name}_sum{{{labels}}} {:.6}", tally.seconds);
            let _ = writeln!(out, "{name}_count{{{labels}}} {}", tally.count);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_counted_under_its_route() {
        let metrics = Metrics::default();

        metrics.answered(&Method::GET, "/api/v1/patients/{id}", StatusCode::OK, Duration::from_millis(30));
        metrics.answered(&Method::GET, "/api/v1/patients/{id}", StatusCode::OK, Duration::from_secs(60));

        let labels = "route=\"/api/v1/patients/{id}\",method=\"GET\",status=\"200\"";
        let text = metrics.text();
        assert!(text.contains(&format!("_bucket{{{labels},le=\"0.02\"}} 0\n")), "{text}");
        assert!(text.contains(&format!("_bucket{{{labels},le=\"0.05\"}} 1\n")), "{text}");
        assert!(text.contains(&format!("_count{{{labels}}} 2\n")), "{text}");
    }
}
