//! The files of a new plugin.

use super::name::runner_type;
use super::sdk::Sdk;
use super::tasks;
use crate::args::NewKind;

/// What a new plugin is to be.
pub(super) struct Plan<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a NewKind,
    pub(super) blocking: bool,
    pub(super) sdk: &'a Sdk,
}

/// A file of the new crate.
pub(super) struct File {
    /// Its path in the crate.
    pub(super) path: String,
    pub(super) text: String,
}

const OF_MODEL: &str = "use config::Config;\nuse solti_plugin_abi::prelude::*;";
const OWN: &str = "use std::time::Duration;\n\nuse config::Config;\nuse serde::Deserialize;\n\
                   use solti_plugin_abi::prelude::*;";

/// What differs between the kinds.
struct OfKind {
    /// What the plugin does, after `it`.
    does: String,
    /// Which tasks it takes, for its README.
    takes: String,
    imports: String,
    /// The dependency that only some need.
    serde: &'static str,
    runner: &'static str,
    words: &'static str,
    /// The list in the macro.
    kinds: String,
    /// The function of the harness that makes its task, and the call.
    maker: &'static str,
    case: String,
}

/// All files of the crate.
pub(super) fn render(plan: &Plan<'_>) -> Vec<File> {
    let of = of_kind(plan);
    let lib = plan.name.replace('-', "_");
    let runner_type = runner_type(plan.name);
    let abi = plan.sdk.dependency("plugin-abi");
    let host = plan.sdk.dependency("host");
    let (work, tokio) = if plan.blocking {
        (include_str!("template/blocking.rs.in"), "rt")
    } else {
        (include_str!("template/work.rs.in"), "time")
    };
    // What is put in first may have names of the others in it.
    let filled = |text: &str| {
        [
            ("{{imports}}", &*of.imports),
            ("{{serde}}", of.serde),
            ("{{runner}}", of.runner.trim_end()),
            ("{{words}}", of.words.trim_end()),
            ("{{does}}", &of.does),
            ("{{takes}}", &of.takes),
            ("{{kinds}}", &of.kinds),
            ("{{maker}}", of.maker),
            ("{{case}}", &of.case),
            ("{{type}}", &runner_type),
            ("{{lib}}", &lib),
            ("{{abi}}", &abi),
            ("{{host}}", &host),
            ("{{tokio}}", tokio),
            ("{{name}}", plan.name),
        ]
        .iter()
        .fold(text.to_owned(), |text, (place, with)| {
            text.replace(place, with)
        })
    };
    let file = |path: &str, text: &str| File {
        path: path.to_owned(),
        text: filled(text),
    };
    let tasks = tasks::tasks(plan.name, plan.kind);
    let conform = tasks::conform(plan.name, plan.kind);
    vec![
        file("Cargo.toml", include_str!("template/Cargo.toml.in")),
        file("src/lib.rs", include_str!("template/lib.rs.in")),
        file("src/config.rs", include_str!("template/config.rs.in")),
        file("src/work.rs", work),
        file("src/tests.rs", include_str!("template/tests.rs.in")),
        file(
            &format!("{}.toml", plan.name),
            include_str!("template/sidecar.toml.in"),
        ),
        file("tasks.json", &tasks),
        file("conform.json", &conform),
        file("README.md", include_str!("template/README.md.in")),
        file("LICENSE", include_str!("template/LICENSE.in")),
        file(".gitignore", include_str!("template/gitignore.in")),
        file(
            ".github/workflows/ci.yml",
            include_str!("template/ci.yml.in"),
        ),
    ]
}

fn of_kind(plan: &Plan<'_>) -> OfKind {
    let name = plan.name;
    let kind = plan.kind.name();
    let of_model = OfKind {
        does: String::new(),
        takes: String::new(),
        imports: OF_MODEL.to_owned(),
        serde: "",
        runner: include_str!("template/model.runner.in"),
        words: "",
        kinds: kind.to_owned(),
        maker: "command",
        case: String::new(),
    };
    match plan.kind {
        NewKind::Subprocess => OfKind {
            does: format!("greets whoever the arguments of the command `{name}` name"),
            takes: format!("tasks of the kind `subprocess` whose command is `{name}`"),
            imports: format!(
                "{OF_MODEL}\nuse solti_plugin_abi::solti_model::SubprocessMode;\n\n\
                 /// The command that its tasks name.\nconst COMMAND: &str = \"{name}\";"
            ),
            words: include_str!("template/subprocess.words.in"),
            case: "command(COMMAND, names)".to_owned(),
            ..of_model
        },
        NewKind::Wasm => OfKind {
            does: "greets whoever the arguments of a module name".to_owned(),
            takes: "all tasks of the kind `wasm`".to_owned(),
            words: include_str!("template/wasm.words.in"),
            maker: "wasm",
            case: "wasm(\"greet.wasm\", names)".to_owned(),
            ..of_model
        },
        NewKind::Container => OfKind {
            does: "greets whoever the arguments of a container name".to_owned(),
            takes: "all tasks of the kind `container`".to_owned(),
            words: include_str!("template/container.words.in"),
            maker: "container",
            case: "container(\"greet\", names)".to_owned(),
            ..of_model
        },
        NewKind::Own(kind) => OfKind {
            does: "greets whoever a task names".to_owned(),
            takes: format!("tasks of the kind `{kind}`, whose `spec` has `names`"),
            imports: OWN.to_owned(),
            serde: "serde = { version = \"1\", features = [\"derive\"] }\n",
            runner: include_str!("template/own.runner.in"),
            words: include_str!("template/own.words.in"),
            kinds: format!("\"{kind}\""),
            maker: "workload",
            case: format!("workload(\"{kind}\", json!({{ \"names\": names }}))"),
        },
    }
}
