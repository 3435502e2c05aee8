/// Checks that a plugin stands on its page as it is compiled here.
pub(crate) fn is_as_printed(page: &str, plugin: &str) {
    assert!(
        page.contains(&format!("```rust,ignore\n{plugin}```\n")),
        "the page has another text than the file in tests/book"
    );
}
