//! A control plane that is told of a service, and what it is told.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};
use solti_plugin_host::PluginLoader;
use solti_plugin_service::{Config, Service};

/// How long something may take that should come at once.
const SOON: Duration = Duration::from_secs(60);

/// What stands for a control plane: it answers with what it is given, and hands on what it is told.
struct Standing {
    address: String,
    told: Receiver<(String, Value)>,
    answers: Sender<(u16, Value)>,
}

impl Standing {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let ((tell, told), (answers, next)) = (channel(), channel::<(u16, Value)>());
        std::thread::spawn(move || {
            for (status, answer) in next {
                let Ok((mut stream, _)) = listener.accept() else {
                    return;
                };
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut head, mut len) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if let Some(text) = line.to_lowercase().strip_prefix("content-length: ") {
                        len = text.trim().parse().unwrap();
                    }
                    if line == "\r\n" {
                        break;
                    }
                    head += &line;
                }
                let mut body = vec![0; len];
                reader.read_exact(&mut body).unwrap();
                let answer = answer.to_string();
                let length = answer.len();
                // Who has waited too long is gone.
                let answered = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
                );
                if answered.is_err() {
                    continue;
                }
                if tell
                    .send((head, serde_json::from_slice(&body).unwrap()))
                    .is_err()
                {
                    return;
                }
            }
        });
        Self {
            address,
            told,
            answers,
        }
    }

    /// What it is told next, which it answers so.
    fn next(&self, status: u16, answer: Value) -> (String, Value) {
        self.answers.send((status, answer)).unwrap();
        self.told.recv_timeout(SOON).expect("it is told soon")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_is_told_what_the_plugins_that_are_there_now_can_do() {
    let directory = tempfile::tempdir().unwrap();
    let (plugins, state) = (
        directory.path().join("plugins"),
        directory.path().join("state"),
    );
    fs::create_dir(&plugins).unwrap();
    // Built before anything is waited for.
    let _ = e2e::plugin("subprocess");
    let standing = Standing::new();
    let settings = directory.path().join("serve.toml");
    let text = format!(
        "plugins = {plugins:?}\nstate = {state:?}\n[discover]\ncontrol = {:?}\nendpoint = 'http://127.0.0.1:7480'\n\
         name = 'here'\ninterval = '1s'\nmetadata = {{ zone = 'eu' }}\n",
        standing.address
    );
    fs::write(&settings, text).unwrap();
    let config = Config::read(&settings).unwrap();
    let start = Service::start(config, PluginLoader::new(), Duration::ZERO, Vec::new());
    let service = start.await.unwrap();

    let yes = || json!({ "success": true });
    let (head, told) = standing.next(200, yes());
    assert!(
        head.starts_with("POST /api/v1/discovery/sync HTTP/1.1\r\n"),
        "{head}"
    );
    for (field, expected) in [
        ("name", json!("here")),
        ("endpoint", json!("http://127.0.0.1:7480")),
        ("endpointType", json!("ENDPOINT_TYPE_HTTP")),
        ("arch", json!(std::env::consts::ARCH)),
        ("platform", json!("linux")),
        ("metadata", json!({ "zone": "eu" })),
        ("apiVersion", json!(1)),
        ("heartbeatIntervalS", json!(1)),
        ("capabilities", json!({ "runners": [] })),
    ] {
        assert_eq!(told[field], expected, "{field} of {told:#}");
    }
    assert!(told["ts"].as_str().unwrap().parse::<u64>().unwrap() > 1_700_000_000);
    let id = told["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 32);

    // A plugin that comes while it runs is told of with the next one; errors and refusals end nothing.
    e2e::install("subprocess", &plugins, "subprocess");
    service.reload().await.unwrap();
    standing.next(503, json!({}));
    standing.next(
        200,
        json!({ "success": false, "reason": "later", "retryAfterS": 1 }),
    );
    let (_, told) = standing.next(200, yes());
    assert_eq!(told["id"], id.as_str());
    let runners = told["capabilities"]["runners"].as_array().unwrap();
    let names: Vec<_> = runners.iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["subprocess", "composite"]);
    assert_eq!(
        runners[0]["workloads"],
        json!([{ "apiVersion": "solti.io/v1", "kind": "Subprocess" }])
    );
    service.stop().await;
    assert_eq!(fs::read_to_string(state.join("agent-id")).unwrap(), id);
}

#[test]
fn what_is_wrong_with_its_settings_is_said() {
    let directory = tempfile::tempdir().unwrap();
    for (discover, expected) in [
        (
            "control = 'podium'\nendpoint = 'x'",
            "discover.control: is \"podium\", expected an address such as https://podium.example",
        ),
        (
            "control = 'http://podium'\nendpoint = 'x'\ntoken_file = 't'",
            "discover.token_file: would send the token as it is over http: say https, or leave it out",
        ),
        (
            "control = 'https://podium'\nendpoint = 'x'\ninterval = '0s'",
            "discover.interval: is 0s, expected 1s or more",
        ),
    ] {
        let settings = directory.path().join("serve.toml");
        fs::write(
            &settings,
            format!("plugins = 'p'\nstate = 's'\n[discover]\n{discover}\n"),
        )
        .unwrap();
        let err = Config::read(&settings).unwrap_err().to_string();
        assert_eq!(err, expected);
    }
}
