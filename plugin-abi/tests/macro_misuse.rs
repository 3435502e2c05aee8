//! What an author reads who gets `export_plugin!` wrong, word for word.
//!
//! Part of the words are the compiler's own; `TRYBUILD=overwrite cargo test -p solti-plugin-abi
//! --test macro_misuse` takes over what a newer compiler says. Right uses are tests of their own,
//! `export_*.rs`: were one among these, trybuild would build every dependency instead of checking.

#[test]
fn each_misuse_of_the_macro_is_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/fail/*.rs");
}
