//! Files that nobody may have tampered with: owners, modes, mounts, sizes.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use solti_plugin_host::{PluginLoader, RunnerRouter};
use tempfile::TempDir;

use crate::support::{self, complaints};

/// A user that is neither root nor, usually, anybody.
const NOBODY: u32 = 65_534;

fn chmod(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// How many plugins a loader loads.
fn loaded(loader: &PluginLoader, directory: &Path) -> usize {
    let report = loader
        .load_dir(directory, &mut RunnerRouter::new())
        .unwrap();
    assert!(report.rejected().is_empty(), "{report}");
    report.loaded().len()
}

/// Why a directory is refused as a whole.
fn refusal(loader: &PluginLoader, directory: &Path) -> String {
    loader
        .load_dir(directory, &mut RunnerRouter::new())
        .unwrap_err()
        .to_string()
}

/// A plugin directory below another.
fn nested() -> (TempDir, std::path::PathBuf) {
    let above = support::directory_with(&["hello"]);
    let directory = above.path().join("plugins");
    fs::create_dir(&directory).unwrap();
    chmod(&directory, 0o755);
    fs::rename(above.path().join("hello.so"), directory.join("hello.so")).unwrap();
    let directory = directory.canonicalize().unwrap();
    (above, directory)
}

/// Whether files can be given away. Says so where they cannot.
#[track_caller]
fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        e2e::skip("only root can give files away");
    }
    root
}

#[test]
fn a_file_that_others_can_change_is_refused() {
    let directory = support::directory_with(&["hello"]);
    for (mode, who) in [
        (0o664, "its group"),
        (0o646, "everybody"),
        (0o666, "everybody"),
    ] {
        chmod(directory.path().join("hello.so"), mode);
        assert_eq!(
            complaints(&PluginLoader::new(), directory.path()),
            [format!(
                "hello.so: rejected at admit: the file can be changed by {who} (mode 0{mode:o}): \
                 chmod go-w it, or trust all who can change it (PluginLoader::trust_writable)"
            )]
        );
    }
    assert_eq!(
        loaded(&PluginLoader::new().trust_writable(), directory.path()),
        1
    );
    // It need not be executable.
    chmod(directory.path().join("hello.so"), 0o600);
    assert_eq!(loaded(&PluginLoader::new(), directory.path()), 1);
}

#[test]
fn a_directory_in_which_others_can_replace_files_is_refused_and_named() {
    let (above, directory) = nested();
    for (changed, mode, who) in [
        (directory.as_path(), 0o775, "its group"),
        (&directory, 0o1777, "everybody"),
        (directory.parent().unwrap(), 0o777, "everybody"),
    ] {
        chmod(changed, mode);
        let advice = if mode == 0o1777 {
            "put the plugins into a directory of their own, or trust all who can change this one \
             (PluginLoader::trust_writable)"
                .to_owned()
        } else {
            let changed = changed.display();
            format!(
                "chmod go-w {changed}, or trust all who can change it (PluginLoader::trust_writable)"
            )
        };
        assert_eq!(
            refusal(&PluginLoader::new(), &directory),
            format!(
                "plugin directory {}: the directory {} can be changed by {who} (mode {mode:04o}); \
                 {advice}",
                directory.display(),
                changed.display(),
            )
        );
        assert_eq!(loaded(&PluginLoader::new().trust_writable(), &directory), 1);
        chmod(changed, 0o755);
    }
    // As /tmp is: everybody may add files, nobody may replace another's.
    chmod(above.path(), 0o1777);
    assert_eq!(loaded(&PluginLoader::new(), &directory), 1);
}

#[test]
fn a_sidecar_that_others_can_change_is_refused_with_its_plugin() {
    let directory = support::directory_with(&["hello"]);
    fs::write(directory.path().join("hello.toml"), "").unwrap();
    chmod(directory.path().join("hello.toml"), 0o666);
    assert_eq!(
        complaints(&PluginLoader::new(), directory.path()),
        [
            "hello.so: rejected at discover: its sidecar hello.toml cannot be used: the file can be \
          changed by everybody (mode 0666); chmod go-w it, or trust all who can change it \
          (PluginLoader::trust_writable)"
        ]
    );
}

#[test]
fn a_file_of_another_user_is_refused_unless_that_user_is_trusted() {
    if !is_root() {
        return;
    }
    let directory = support::directory_with(&["hello"]);
    chown(directory.path().join("hello.so"), Some(NOBODY), None).unwrap();
    assert_eq!(
        complaints(&PluginLoader::new(), directory.path()),
        [
            "hello.so: rejected at admit: the file belongs to user 65534, which is not root: \
          chown it to root, or trust user 65534 (PluginLoader::trust_owner(65534))"
        ]
    );
    let another = PluginLoader::new().trust_owner(1);
    assert_eq!(
        complaints(&another, directory.path()),
        [
            "hello.so: rejected at admit: the file belongs to user 65534, which is not root or \
          user 1: chown it to root, or trust user 65534 (PluginLoader::trust_owner(65534))"
        ]
    );
    for loader in [
        PluginLoader::new().trust_owner(NOBODY),
        PluginLoader::new().trust_any_owner(),
    ] {
        assert_eq!(loaded(&loader, directory.path()), 1);
    }
}

#[test]
fn a_directory_of_another_user_is_refused_unless_that_user_is_trusted() {
    if !is_root() {
        return;
    }
    let (_above, directory) = nested();
    for changed in [directory.as_path(), directory.parent().unwrap()] {
        chown(changed, Some(NOBODY), None).unwrap();
        assert_eq!(
            refusal(&PluginLoader::new(), &directory),
            format!(
                "plugin directory {}: the directory {} belongs to user 65534, which is not root; \
                 chown {} to root, or trust user 65534 (PluginLoader::trust_owner(65534))",
                directory.display(),
                changed.display(),
                changed.display()
            )
        );
        assert_eq!(
            loaded(&PluginLoader::new().trust_owner(NOBODY), &directory),
            1
        );
        chown(changed, Some(0), None).unwrap();
    }
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let directory = support::directory_with(&["hello"]);
    let size = fs::metadata(directory.path().join("hello.so"))
        .unwrap()
        .len();
    let sparse = File::create(directory.path().join("sparse.so")).unwrap();
    sparse.set_len(8 << 30).unwrap();
    assert_eq!(
        complaints(&PluginLoader::new(), directory.path()),
        [
            "sparse.so: rejected at admit: the file has 8,589,934,592 bytes, the host reads \
          268,435,456 at most: strip it, or allow larger files (PluginLoader::max_file_bytes)"
        ]
    );
    fs::remove_file(directory.path().join("sparse.so")).unwrap();
    assert_eq!(
        loaded(&PluginLoader::new().max_file_bytes(size), directory.path()),
        1
    );
    let refused = complaints(
        &PluginLoader::new().max_file_bytes(size - 1),
        directory.path(),
    );
    assert_eq!(refused.len(), 1);
}

/// `command`, which alone sees a new filesystem at `place` that forbids programs.
#[cfg(target_os = "linux")]
fn sees_noexec(command: &Command, place: &Path) -> Command {
    let mut inside = Command::new("unshare");
    inside.arg("--mount");
    if !rustix::process::geteuid().is_root() {
        inside.args(["--user", "--map-root-user"]);
    }
    let script = "mount -t tmpfs -o noexec,mode=755 none \"$0\" && exec \"$@\"";
    inside.args(["sh", "-c", script]).arg(place);
    inside.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            inside.env(name, value);
        }
    }
    inside
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_on_a_mount_that_forbids_programs_is_refused_though_a_copy_of_it_would_run() {
    const TEST: &str = "policy::\
        a_file_on_a_mount_that_forbids_programs_is_refused_though_a_copy_of_it_would_run";
    const MOUNT: &str = "MOUNTED_NOEXEC";
    let mount = tempfile::tempdir().unwrap();
    if !sees_noexec(&Command::new("true"), mount.path())
        .status()
        .is_ok_and(|status| status.success())
    {
        e2e::skip("a filesystem that forbids programs, as none can be mounted");
        return;
    }
    if !support::alone(TEST, |command| {
        *command = sees_noexec(command.env(MOUNT, mount.path()), mount.path());
    }) {
        return;
    }
    let directory = std::env::var_os(MOUNT).unwrap();
    let directory = Path::new(&directory);
    e2e::install("hello", directory, "hello");
    let trusting = PluginLoader::new().trust_writable().trust_any_owner();
    assert_eq!(
        complaints(&trusting, directory),
        [
            "hello.so: rejected at admit: it is on a mount with the option noexec: \
          move the plugins to another mount, or allow this one (PluginLoader::allow_noexec)"
        ]
    );
    assert_eq!(loaded(&trusting.allow_noexec(), directory), 1);
}

/// The codes for which `solti-host check`, with these words, rejects the files of a directory.
fn codes(host: &mut Command, words: &[&str], directory: &Path) -> Vec<String> {
    let output = host
        .args(["check", "--json", "--no-probe"])
        .args(words)
        .arg(directory)
        .env_remove("SOLTI_STATE")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|err| panic!("{err}: {}", String::from_utf8_lossy(&output.stderr)));
    let rejected = report["rejected"].as_array().unwrap();
    let codes = rejected.iter().map(|file| file["code"].as_str().unwrap());
    codes.map(str::to_owned).collect()
}

#[test]
fn each_way_out_is_a_word_of_the_command_line_that_opens_this_way_and_no_other() {
    let directory = support::directory_with(&["hello"]);
    let file = directory.path().join("hello.so");
    let elsewhere = tempfile::tempdir().unwrap();
    let say = |words: &[&str]| {
        codes(
            &mut Command::new(e2e::solti_host()),
            words,
            directory.path(),
        )
    };
    let none: [&str; 0] = [];
    assert_eq!(say(&[]), none);
    assert_eq!(say(&["--max-file-bytes", "1000"]), ["too_large"]);
    let staging = elsewhere.path().to_str().unwrap();
    assert_eq!(say(&["--stage-in", staging]), none);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);

    let words = [
        ["--trust-any-owner", "", ""],
        ["--trust-owner", "65534", ""],
        ["--trust-writable", "", ""],
        ["--allow-links-outside", "", ""],
    ];
    let words = words.map(|words| words.into_iter().filter(|word| !word.is_empty()));
    let words = words.map(Iterator::collect::<Vec<_>>);
    let only = |expected: &str, ways: &[&str]| {
        assert_eq!(say(&[]), [expected]);
        for words in &words {
            let opens = ways.contains(&words[0]);
            let codes = say(words);
            assert_eq!(codes.is_empty(), opens, "{expected}: {words:?}: {codes:?}");
        }
    };
    chmod(&file, 0o666);
    only("writable_by_others", &["--trust-writable"]);
    chmod(&file, 0o644);
    if is_root() {
        chown(&file, Some(NOBODY), None).unwrap();
        only("untrusted_owner", &["--trust-any-owner", "--trust-owner"]);
        chown(&file, Some(0), None).unwrap();
    }
    fs::rename(&file, elsewhere.path().join("hello.so")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("hello.so"), &file).unwrap();
    only("link_outside", &["--allow-links-outside"]);
    // What is linked to lies in a directory that must be trusted, too.
    chmod(elsewhere.path(), 0o777);
    assert_eq!(say(&["--allow-links-outside"]), ["writable_by_others"]);
}

#[test]
fn a_host_of_another_user_loads_its_own_files_and_says_which_it_may_not_read() {
    if !is_root() {
        return;
    }
    let directory = support::directory_with(&["hello", "specimen"]);
    let hello = directory.path().join("hello.so");
    chmod(&hello, 0o600);
    let specimen = directory.path().join("specimen.so");
    chown(&specimen, Some(NOBODY), None).unwrap();
    chmod(directory.path(), 0o755);
    // The program itself may be where only root can go.
    let programs = tempfile::tempdir().unwrap();
    chmod(programs.path(), 0o755);
    let program = programs.path().join("solti-host");
    fs::copy(e2e::solti_host(), &program).unwrap();
    let mut host = Command::new(program);
    host.uid(NOBODY).gid(NOBODY).current_dir("/");
    assert_eq!(codes(&mut host, &[], directory.path()), ["unreadable"]);
}

#[test]
fn a_directory_that_a_link_of_another_leads_to_is_refused() {
    if !is_root() {
        return;
    }
    let (above, directory) = nested();
    let shared = above.path().canonicalize().unwrap().join("shared");
    fs::create_dir(&shared).unwrap();
    chmod(&shared, 0o1777);
    let link = shared.join("link");
    std::os::unix::fs::symlink(&directory, &link).unwrap();
    assert_eq!(loaded(&PluginLoader::new(), &link), 1);
    std::os::unix::fs::lchown(&link, Some(NOBODY), None).unwrap();
    let link_of_another = format!(
        "plugin directory {}: the link {} belongs to user 65534, which is not root; name the place that \
         it leads to, or trust user 65534 (PluginLoader::trust_owner(65534))",
        directory.display(),
        link.display()
    );
    assert_eq!(refusal(&PluginLoader::new(), &link), link_of_another);
    assert_eq!(loaded(&PluginLoader::new().trust_owner(NOBODY), &link), 1);
    // Whoever can put another one in its place need not own it.
    chmod(&shared, 0o777);
    std::os::unix::fs::lchown(&link, Some(0), None).unwrap();
    assert!(refusal(&PluginLoader::new(), &link).contains(&format!(
        "the directory {} can be changed by everybody (mode 0777)",
        shared.display()
    )));
}

#[test]
fn a_state_directory_that_others_can_change_vouches_for_nothing() {
    let (above, directory) = nested();
    let state = above.path().canonicalize().unwrap().join("state");
    let loader = || PluginLoader::new().state_dir(&state);
    assert_eq!(loaded(&loader(), &directory), 1, "it need not be there");
    fs::create_dir_all(&state).unwrap();
    chmod(&state, 0o777);
    assert_eq!(
        refusal(&loader(), &directory),
        format!(
            "state directory {0}: the directory {0} can be changed by everybody (mode 0777); chmod go-w \
             {0}, or trust all who can change it (PluginLoader::trust_writable)",
            state.display()
        )
    );
    chmod(&state, 0o700);
    if is_root() {
        chown(&state, Some(NOBODY), None).unwrap();
        assert!(refusal(&loader(), &directory).contains("belongs to user 65534"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_plugin_that_looks_for_libraries_where_others_can_put_some_is_refused() {
    // Among its strings stands no such path: a symbol's name that need not be there becomes one.
    let name = b"\0_ITM_deregisterTMClone";
    let bytes = fs::read(e2e::plugin("hello")).unwrap();
    let bytes = support::replaced(&bytes, name, b"\0/tmp/solti-no-such-dir");
    let whole = "/tmp/solti-no-such-dirTable";
    let elf = crate::elf::Elf(bytes).with_entry(crate::elf::DT_RUNPATH, whole);
    let directory = support::directory_with(&[]);
    fs::write(directory.path().join("hello.so"), &elf.0).unwrap();
    let said = complaints(&PluginLoader::new(), directory.path());
    assert_eq!(
        said,
        [format!(
            "hello.so: rejected at admit: the directory {whole}, where it has libraries looked for, is \
             not safe: the directory /tmp can be changed by everybody (mode 1777); \
             put the plugins into a directory of their own, or trust all who can change this one \
             (PluginLoader::trust_writable)"
        )]
    );
    let trusting = PluginLoader::new().trust_writable();
    assert_eq!(loaded(&trusting, directory.path()), 1);
}
