//! What an author reads who gets `export_plugin!` wrong, word for word.
//!
//! Part of the words are the compiler's own; `TRYBUILD=overwrite cargo test -p solti-plugin-abi
//! --test macro_misuse` takes over what a newer compiler says.

#[test]
fn each_misuse_of_the_macro_is_explained_and_each_right_use_compiles() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
