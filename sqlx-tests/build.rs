//! What sqlx's own CI says of its servers.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=mariadb");
    // Newer than that, but sqlx's macros cannot read the type that the test for newer ones is about, UUID, which they take
    // for a string: it does not compile.
    println!("cargo::rustc-cfg=mariadb=\"10_6\"");
}
