//! The plugin of the book's first page: it compiles as it is printed there, and does what is said of it.

#[path = "support/page.rs"]
mod page;

use solti_plugin_abi::testing::{self, Failure, command};

include!("book/first_plugin.inc");

#[test]
fn the_first_plugin_of_the_book_prints_and_can_be_cancelled() {
    let ran = testing::run(&Counter, command("counter", [])).paused();
    assert_eq!(ran.result, Ok(()), "{ran:?}");
    assert_eq!(ran.lines.len(), 10, "{ran:?}");
    let case = command("counter", []).cancel_after_line("line 2");
    let ran = testing::run(&Counter, case).paused();
    assert_eq!(ran.result, Err(Failure::Canceled), "{ran:?}");
}

#[test]
fn it_is_as_printed_and_no_longer_than_promised() {
    let plugin = include_str!("book/first_plugin.inc");
    page::is_as_printed(include_str!("../../docs/book/first-plugin.md"), plugin);
    let written = plugin.lines().filter(|line| !line.trim().is_empty());
    assert!(written.count() <= 28);
}
