use std::path::Path;

use super::build::library_in;
use super::*;

#[test]
fn the_library_is_that_of_the_package_and_not_of_what_it_depends_on() {
    let line = |manifest: &str, files: &str| {
        format!(
            r#"{{"reason":"compiler-artifact","manifest_path":"{manifest}","filenames":[{files}]}}"#
        )
    };
    let suffix = std::env::consts::DLL_SUFFIX;
    let text = [
        "not json".to_owned(),
        line("/other/Cargo.toml", &format!(r#""/t/libother{suffix}""#)),
        line(
            "/own/Cargo.toml",
            &format!(r#""/t/libown.rlib","/t/libown{suffix}""#),
        ),
        r#"{"reason":"build-finished","success":true}"#.to_owned(),
    ]
    .join("\n");
    let own = library_in(text.as_bytes(), Path::new("/own/Cargo.toml"));
    assert_eq!(own, Some(format!("/t/libown{suffix}").into()));
    assert_eq!(
        library_in(text.as_bytes(), Path::new("/none/Cargo.toml")),
        None
    );
}

#[test]
fn a_package_that_makes_no_library_is_told_what_it_lacks() {
    let shown = format!("{:?}", NotLoaded::NoLibrary("/own/Cargo.toml".into()));
    assert_eq!(
        shown,
        "/own/Cargo.toml makes no shared library: it needs `crate-type = [\"cdylib\"]` under `[lib]`"
    );
}

#[test]
fn what_is_no_plugin_is_refused_in_the_words_of_a_host() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("libnone.so");
    std::fs::write(&file, "no library").unwrap();
    let refused = Loaded::open(&file).unwrap_err().to_string();
    assert!(refused.contains("libnone.so: rejected: "), "{refused}");
    let missing = Loaded::open(directory.path().join("missing.so")).unwrap_err();
    assert!(
        missing
            .to_string()
            .ends_with("missing.so: No such file or directory (os error 2)")
    );
}
