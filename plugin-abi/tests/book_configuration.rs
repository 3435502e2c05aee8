//! The plugin of the book's page on configuration: it compiles as it is printed there, and does what is
//! said of it.

#[path = "support/page.rs"]
mod page;

use solti_plugin_abi::testing::{self, command};

include!("book/configuration.inc");

fn greeter(config: &str) -> Result<Greeter, String> {
    let config: Config =
        solti_plugin_abi::serde_json::from_str(config).map_err(|err| err.to_string())?;
    Greeter::new(config).map_err(str::to_owned)
}

#[test]
fn what_is_set_is_used_and_what_is_wrong_is_refused() {
    let greeted = |config| {
        let greeter = greeter(config).unwrap();
        testing::run(&greeter, command("greet", []))
            .paused()
            .stdout()
    };
    assert_eq!(greeted("{}"), "hello, you\n");
    assert_eq!(
        greeted(r#"{"greeting": "hi", "somebody": "Ada"}"#),
        "hi, Ada\n"
    );
    let refused = |config| greeter(config).err().unwrap();
    assert!(refused(r#"{"greeting": ""}"#).starts_with("config.greeting: it is empty"));
    assert!(refused(r#"{"greting": "hi"}"#).starts_with("unknown field `greting`"));
}

#[test]
fn it_is_as_printed() {
    let plugin = include_str!("book/configuration.inc");
    page::is_as_printed(include_str!("../../docs/book/configuration.md"), plugin);
}
