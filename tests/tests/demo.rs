//! The demo's WebAssembly module is committed in both forms.

#[test]
fn the_demos_module_is_the_text_beside_it() {
    let text = wat::parse_str(include_str!("../src/bin/demo/module.wat")).unwrap();
    assert_eq!(text, include_bytes!("../src/bin/demo/module.wasm"));
}
