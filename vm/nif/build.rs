//! Compiles the functions that Rust cannot define: those with a variable number of arguments.

fn main() {
    println!("cargo:rerun-if-changed=src/variadic.c");
    cc::Build::new().file("src/variadic.c").warnings(true).compile("oxbeam_variadic");
}
