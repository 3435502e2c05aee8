//! The page for operators, which is in the program: nothing of it comes from elsewhere.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::error::Problem;

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_bytes!(concat!("../page/", $name)) as &[u8])),*]
    };
}

/// The files of the page; a test sees to it that none is left out.
static FILES: &[(&str, &[u8])] = files! {
    "ansi.js"
    "api.js"
    "app.js"
    "clock.js"
    "dom.js"
    "form.js"
    "index.html"
    "keys.js"
    "lines.js"
    "log.js"
    "logbar.js"
    "metrics.js"
    "overview.js"
    "plots.js"
    "plugins.js"
    "poll.js"
    "prefs.js"
    "queue.js"
    "route.js"
    "row.js"
    "scale.js"
    "scroller.js"
    "search.js"
    "selection.js"
    "session.js"
    "style.css"
    "submit.js"
    "task.js"
    "tasks.js"
    "theme.js"
    "timeline.js"
    "ui.js"
};

const INDEX: &str = "index.html";

/// Nothing is run or shown but what the service itself has sent, and nothing is sent elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page, as it is sent.
struct Sent {
    name: &'static str,
    plain: &'static [u8],
    compressed: Bytes,
    tag: String,
}

static SENT: LazyLock<Vec<Sent>> = LazyLock::new(|| FILES.iter().map(Sent::of).collect());

impl Sent {
    fn of((name, plain): &(&'static str, &'static [u8])) -> Self {
        let mut hasher = DefaultHasher::new();
        plain.hash(&mut hasher);
        Self {
            name,
            plain,
            compressed: compressed(plain).map_or(Bytes::from_static(plain), Bytes::from),
            tag: format!("\"{:016x}\"", hasher.finish()),
        }
    }
}

fn compressed(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}

/// Whether a path is that of the page or of a file of it: they tell nothing of the service.
pub(super) fn is_part(path: &str) -> bool {
    path == "/" || path.starts_with("/page/")
}

/// `GET /`.
pub(super) async fn index(headers: HeaderMap) -> Response {
    sent(INDEX, &headers)
}

/// `GET /page/{file}`.
pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    sent(&name, &headers)
}

fn sent(name: &str, asked: &HeaderMap) -> Response {
    let Some(file) = SENT.iter().find(|file| file.name == name) else {
        let message = format!("the page has no file {name}");
        return Problem::new(StatusCode::NOT_FOUND, "not_found", message).into_response();
    };
    let has = |name: HeaderName, text: &str| {
        let value = asked.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.contains(text))
    };
    let headers = [
        (header::CONTENT_TYPE, type_of(name)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // It is asked each time whether it is still the same: an upgrade is seen at once.
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-encoding"),
        (header::ETAG, &file.tag),
    ];
    if has(header::IF_NONE_MATCH, &file.tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if has(header::ACCEPT_ENCODING, "gzip") {
        let encoding = [(header::CONTENT_ENCODING, "gzip")];
        return (headers, encoding, file.compressed.clone()).into_response();
    }
    (headers, file.plain).into_response()
}

fn type_of(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// What of the page a browser loads, compressed.
    const MOST: usize = 150_000;

    #[test]
    fn every_file_of_the_page_is_in_the_program_and_nothing_else_is_loaded() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
        let there: BTreeSet<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let names: BTreeSet<_> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(there, names);
        for (name, bytes) in FILES {
            let text = str::from_utf8(bytes).unwrap();
            for before in [
                "src=\"",
                "href=\"",
                "from '",
                "from \"",
                "import '",
                "import \"",
            ] {
                for (at, _) in text.match_indices(before) {
                    let rest = &text[at + before.len()..];
                    let path = &rest[..rest.find(['"', '\'']).unwrap()];
                    let is_here = path.starts_with('#')
                        || path.starts_with("data:")
                        || path
                            .trim_start_matches("./")
                            .trim_start_matches("/page/")
                            .split('/')
                            .all(|part| names.contains(part));
                    assert!(is_here, "{name} loads {path}");
                }
            }
        }
        let compressed: usize = SENT.iter().map(|file| file.compressed.len()).sum();
        assert!(compressed < MOST, "{compressed}");
    }
}
