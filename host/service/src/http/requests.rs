//! Requests, by route and status, and how long they took.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use parking_lot::Mutex;

use crate::exposition::{counters, family, sample};

/// The upper bounds of the buckets, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

/// What stands for a path that there is no route for.
pub(super) const NO_ROUTE: &str = "none";

/// Requests, by route and status, and how long they took.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    answered: Mutex<BTreeMap<(&'static str, String, u16), u64>>,
    took: Mutex<BTreeMap<String, Took>>,
}

/// How long the requests of a route took, until their answers began.
#[derive(Debug, Default)]
struct Took {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
}

impl Requests {
    /// Counts an answer.
    pub(super) fn answered(
        &self,
        method: &'static str,
        route: String,
        status: u16,
        took: Duration,
    ) {
        let seconds = took.as_secs_f64();
        {
            let mut all = self.took.lock();
            let of_route = all.entry(route.clone()).or_default();
            of_route.count += 1;
            of_route.seconds += seconds;
            let bucket = BUCKETS.iter().position(|most| seconds <= *most);
            if let Some(bucket) = bucket {
                of_route.buckets[bucket] += 1;
            }
        }
        *self
            .answered
            .lock()
            .entry((method, route, status))
            .or_default() += 1;
    }

    pub(super) fn write(&self, text: &mut String) {
        let answered = self.answered.lock();
        let labelled = answered.iter().map(|((method, route, status), count)| {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            (labels, *count)
        });
        counters(
            text,
            "solti_http_requests_total",
            "Requests that were answered, by method, route and status.",
            labelled,
        );
        drop(answered);
        let name = "solti_http_request_seconds";
        family(
            text,
            name,
            "histogram",
            "Seconds until an answer began, by route.",
        );
        for (route, took) in &*self.took.lock() {
            let mut so_far = 0;
            for (most, count) in BUCKETS.iter().zip(took.buckets) {
                so_far += count;
                let labels = format_args!("route=\"{route}\",le=\"{most}\"");
                sample(text, format_args!("{name}_bucket{{{labels}}} {so_far}"));
            }
            let labels = format_args!("route=\"{route}\",le=\"+Inf\"");
            let (count, seconds) = (took.count, took.seconds);
            sample(text, format_args!("{name}_bucket{{{labels}}} {count}"));
            sample(
                text,
                format_args!("{name}_sum{{route=\"{route}\"}} {seconds}"),
            );
            sample(
                text,
                format_args!("{name}_count{{route=\"{route}\"}} {count}"),
            );
        }
    }
}

/// The name of a method. Clients can invent some, and each would be a sample of its own for ever.
pub(super) fn method_of(method: &Method) -> &'static str {
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
    ];
    let names = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    let at = known.iter().position(|known| known == method);
    at.map_or("other", |at| names[at])
}
