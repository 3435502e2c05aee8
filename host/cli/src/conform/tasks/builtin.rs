//! The suite's own tasks, for the kinds that have a meaning of their own.

use std::path::Path;

use serde_json::{Value, json};

use super::file::{TasksError, work};
use super::module::{self, Then};
use super::task::{Does, Work, text};

/// How long a task may take that does not say: longer than any rule.
const TIMEOUT_MS: u64 = 600_000;

/// An image that is small and has a shell.
const IMAGE: &str = "docker.io/library/busybox:1.36";

/// Lines of the chatty task, and how often they are written.
const CHATTY_BLOCK: usize = 32 << 10;
const CHATTY_TIMES: u32 = 512;

/// The suite's own task that does this, where it has one for a plugin of these kinds.
pub(super) fn task(does: Does, kinds: &[String], place: &Path) -> Result<Option<Work>, TasksError> {
    let Some(kind) = kinds
        .iter()
        .find_map(|kind| of_kind(kind, does, place).transpose())
        .transpose()?
    else {
        return Ok(None);
    };
    let name = does.name();
    let spec = json!({ "slot": format!("conform-{name}"), "timeout": TIMEOUT_MS, "kind": kind });
    work(&format!("the suite's own task '{name}'"), &spec).map(Some)
}

fn of_kind(kind: &str, does: Does, place: &Path) -> Result<Option<Value>, TasksError> {
    Ok(match kind {
        "subprocess" => script(does).map(|script| {
            json!({ "subprocess": {
                "mode": { "command": { "command": "sh", "args": ["-c", script] } }
            } })
        }),
        "container" => script(does).map(|script| {
            json!({ "container": {
                "image": IMAGE, "command": ["/bin/sh", "-c"], "args": [script]
            } })
        }),
        "wasm" => match module_of(does) {
            None => None,
            Some(bytes) => {
                let file = place.join(format!("{}.wasm", does.name()));
                std::fs::write(&file, bytes).map_err(|err| TasksError::NotMade {
                    place: file.display().to_string(),
                    err,
                })?;
                Some(json!({ "wasm": { "module": file } }))
            }
        },
        _ => None,
    })
}

/// The script of a shell that does this.
fn script(does: Does) -> Option<String> {
    Some(match does {
        Does::Quick => "echo conform".to_owned(),
        Does::Long => "echo begun; exec sleep 600".to_owned(),
        Does::Failing => "exit 3".to_owned(),
        Does::Chatty => {
            let bytes = CHATTY_BLOCK as u64 * u64::from(CHATTY_TIMES);
            format!("yes 'a line of the conformance suite' | head -c {bytes}")
        }
        Does::Text => concat!(
            "printf 'Grüße, 世界 🦀\\n'; ",
            "head -c 100000 /dev/zero | tr '\\0' x; ",
            "printf '\\nend\\n'"
        )
        .to_owned(),
        Does::Panicking => return None,
    })
}

/// The module that does this.
fn module_of(does: Does) -> Option<Vec<u8>> {
    Some(match does {
        Does::Quick => module::writing(b"conform\n", 1, Then::Return),
        Does::Long => module::writing(b"begun\n", 1, Then::GoOn),
        Does::Failing => module::writing(b"about to fail\n", 1, Then::Exit(3)),
        Does::Chatty => {
            let mut block = vec![b'.'; CHATTY_BLOCK];
            for end in block.iter_mut().skip(63).step_by(64) {
                *end = b'\n';
            }
            module::writing(&block, CHATTY_TIMES, Then::Return)
        }
        Does::Text => module::writing(&text(), 1, Then::Return),
        Does::Panicking => return None,
    })
}
