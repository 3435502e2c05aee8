//! The image, built and run by podman on a base that is made of this machine's libraries and a busybox.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::http::Client;
use e2e::{Podman, RUN_ARGS};
use tempfile::TempDir;

use super::{ended, packaging, run, submit, task, until, until_ready};

const BASE: &str = "localhost/base:test";
const IMAGE: &str = "localhost/solti-host:test";

/// The image, in a storage that goes with it.
struct Image {
    podman: Podman,
    storage: TempDir,
}

/// What is in the base: the C library and its parts, and the programs of a busybox.
fn base(root: &Path) {
    let mut ldd = Command::new("ldd");
    ldd.arg(e2e::solti_host());
    // `name => path (address)`, or `path (address)`.
    for line in run(ldd).unwrap().lines() {
        let Some(path) = line.split_whitespace().find(|word| word.starts_with('/')) else {
            continue;
        };
        let to = root.join(&path[1..]);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(path, to).unwrap();
    }
    let bin = root.join("bin");
    fs::create_dir_all(&bin).unwrap();
    fs::copy("/bin/busybox", bin.join("busybox")).unwrap();
    for name in [
        "cat", "echo", "grep", "id", "setsid", "sh", "sleep", "touch",
    ] {
        std::os::unix::fs::symlink("busybox", bin.join(name)).unwrap();
    }
}

impl Image {
    /// Builds it; `None` where no engine works, which is said.
    fn build() -> Option<Self> {
        let storage = tempfile::tempdir().unwrap();
        let podman = Podman::set_up(storage.path()).and_then(|podman| {
            podman.try_run()?;
            Ok(podman)
        });
        let podman = match podman {
            Ok(podman) => podman,
            Err(reason) => {
                e2e::skip(&format!("no image, as no engine works here: {reason}"));
                return None;
            }
        };
        let root = storage.path().join("base");
        fs::create_dir(&root).unwrap();
        base(&root);
        podman.import_from(&root, BASE).unwrap();
        // The script calls an engine by its name; here it has a storage of its own.
        let engine = storage.path().join("engine");
        let call = podman.command(&[]);
        let words = std::iter::once(call.get_program()).chain(call.get_args());
        let words: Vec<_> = words
            .map(|word| format!("'{}'", word.to_str().unwrap()))
            .collect();
        fs::write(
            &engine,
            format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")),
        )
        .unwrap();
        let mut chmod = Command::new("chmod");
        run({
            chmod.arg("+x").arg(&engine);
            chmod
        })
        .unwrap();
        let base = format!("--build-arg=BASE={BASE}");
        let mut build = packaging(
            "image",
            &["--tag", IMAGE, "--layers=false", "--pull=never", &base],
        );
        build.env("CONTAINER_ENGINE", &engine);
        run(build).unwrap();
        Some(Self { podman, storage })
    }

    /// Starts the service as docs/install.md has it, but for the network, which nobody needs here.
    fn start(&self, name: &str, more: &[&str]) -> Client {
        let name = format!("--name={name}");
        let args = ["run", "--detach", "--read-only", "--network=none", &name];
        let volumes = [
            "--http-proxy=false",
            "--cap-drop=all",
            "--security-opt=no-new-privileges",
            "--volume=plugins:/etc/solti/plugins",
            "--volume=state:/var/lib/solti",
        ];
        self.podman
            .call(&[&args[..], &RUN_ARGS, &volumes, &[IMAGE], more].concat())
            .unwrap();
        let client = Client::Unix(self.volume("state").join("service.sock"));
        until_ready(&client);
        client
    }

    /// Where a volume is.
    fn volume(&self, name: &str) -> PathBuf {
        let at = ["volume", "inspect", "--format", "{{.Mountpoint}}", name];
        self.podman.call(&at).unwrap().into()
    }

    fn inspect(&self, name: &str, format: &str) -> String {
        self.podman
            .call(&["inspect", "--format", format, name])
            .unwrap()
    }
}

/// The zombies of a container, and the name of its process 1.
const LEAVE_ORPHANS: &str = "for n in 1 2 3 4 5; do (setsid sh -c 'sleep 0.1' &) ; done; sleep 0.6; \
                             cat /proc/[0-9]*/stat 2>/dev/null | grep -c ' Z '; cat /proc/1/comm";

#[test]
fn in_its_image_the_service_is_process_one_nobody_special_and_loses_nothing_when_it_is_replaced() {
    let Some(image) = Image::build() else { return };
    let client = image.start("first", &[]);
    // Who it is: to itself, and to this machine.
    let (phase, output) = task(
        &client,
        "id -u; id -g; touch /here 2>/dev/null || echo closed",
    );
    assert_eq!((&*phase, &*output), ("succeeded", "10001\n10001\nclosed\n"));
    let pid = image.inspect("first", "{{.State.Pid}}");
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(
        status.contains("\nUid:\t10001\t10001\t10001\t10001\n"),
        "{status}"
    );
    assert!(status.contains("\nCapEff:\t0000000000000000\n"), "{status}");
    let (_, output) = task(&client, LEAVE_ORPHANS);
    assert_eq!(output, "0\nsolti-host\n");

    let words = "exec first solti-host submit --follow -- echo hello";
    let words: Vec<_> = words.split(' ').collect();
    assert_eq!(image.podman.call(&words).unwrap(), "hello");

    // Plugins are a volume: what is put there takes the next task of its kind.
    let plugins = image.volume("plugins");
    e2e::install("hello", &plugins, ".hello");
    fs::rename(plugins.join(".hello.so"), plugins.join("hello.so")).unwrap();
    until("the plugin is in service", || {
        let plugins = client.send("GET", "/v1/plugins", &[], b"").text();
        plugins.contains("\"name\":\"hello\"").then_some(())
    });

    // The engine's stop is the service's: tasks that run may say goodbye, then all is over.
    let polite = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
    let long = submit(&client, polite);
    let path = format!("/v1/tasks/{long}/output?follow=false");
    until("the task runs", || {
        let output = client.send("GET", &path, &[], b"").text();
        output.contains("ready").then_some(())
    });
    image.podman.call(&["stop", "--time=30", "first"]).unwrap();
    assert_eq!(image.inspect("first", "{{.State.ExitCode}}"), "0");
    assert_eq!(image.inspect("first", "{{.State.Running}}"), "false");

    // The next container has its volumes.
    let client = image.start("second", &[]);
    let (phase, output) = ended(&client, &long);
    assert_eq!(phase, "canceled");
    // The shell may tell of its `sleep`, too.
    assert!(output.contains("bye\n"), "{output}");
    image.podman.call(&["stop", "--time=30", "second"]).unwrap();
    let _ = &image.storage;
}
