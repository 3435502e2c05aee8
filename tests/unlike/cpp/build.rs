//! Compiles the C++, and links its library statically: a copy of the plugin in memory has nothing
//! beside it.

fn main() {
    println!("cargo:rerun-if-changed=src/throwing.cc");
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").file("src/throwing.cc");
    let found = build
        .get_compiler()
        .to_command()
        .arg("-print-file-name=libstdc++.a")
        .output()
        .expect("the C++ compiler was found just now");
    let library = String::from_utf8(found.stdout).expect("a path of the compiler's own");
    let folder = std::path::Path::new(library.trim()).parent();
    let folder = folder.expect("a file is in a folder").display();
    println!("cargo:rustc-link-search=native={folder}");
    build.cpp_link_stdlib_static(true).compile("throwing");
}
