//! The runner of each plugin here: it knows some words of the fixture `specimen`, and `own`, which
//! does what only this build can do.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use solti_plugin_abi::prelude::*;
use solti_plugin_abi::solti_model::SubprocessMode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[derive(Default)]
pub(crate) struct Unlike;

/// A static of this library: a copy of the library has its own.
static COUNTER: AtomicU32 = AtomicU32::new(0);

impl Runner for Unlike {
    fn name(&self) -> &'static str {
        "unlike"
    }

    fn supports(&self, _: &TaskSpec) -> bool {
        true
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let TaskKind::Subprocess(subprocess) = spec.kind() else {
            return Err(RunnerError::MissingField("kind.subprocess"));
        };
        let SubprocessMode::Command { command, args } = &subprocess.mode else {
            return Err(RunnerError::MissingField("mode.command"));
        };
        let (command, args) = (command.clone(), args.clone());
        Ok(attempts(self, spec, ctx, move |attempt| {
            run(attempt, command.clone(), args.clone())
        }))
    }
}

async fn run(attempt: Attempt, command: String, args: Vec<String>) -> Result<(), TaskError> {
    match command.as_str() {
        "count" => {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            attempt.stdout(count.to_string());
        }
        "lines" => {
            for n in 0..args[0].parse().map_err(fail)? {
                let n: u32 = n;
                attempt.stdout(format!("line {n}"));
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        "net" => {
            let text = over_the_network().await.map_err(fail)?;
            attempt.stdout(text);
        }
        "panic-after-await" => {
            tokio::time::sleep(Duration::from_millis(1)).await;
            panic!("told to panic after the first await");
        }
        "own" => {
            let text = crate::own(&args.join(" ")).map_err(fail)?;
            attempt.stdout(text);
        }
        other => return Err(fail(format!("no behaviour named {other:?}"))),
    }
    Ok(())
}

fn fail(err: impl ToString) -> TaskError {
    TaskError::Fail {
        reason: err.to_string(),
        exit_code: None,
    }
}

async fn over_the_network() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        stream.write_all(b"over the network").await
    });
    let mut text = String::new();
    let mut stream = TcpStream::connect(address).await?;
    stream.read_to_string(&mut text).await?;
    server.await??;
    Ok(text)
}
