//! Notes the compiler's version for `runtime-base`.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=RUSTC");
    println!("cargo::rerun-if-changed=build.rs");
    println!(
        "cargo::rustc-env=GOMON_RUST_VERSION={}",
        rust_version().unwrap_or_else(|| "unknown".to_owned())
    );
}

/// `1.95.0` of `rustc 1.95.0 (f2d3ce0bd 2026-03-21)`.
fn rust_version() -> Option<String> {
    let output = Command::new(env::var_os("RUSTC")?)
        .arg("--version")
        .output()
        .ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    line.split_whitespace().nth(1).map(str::to_owned)
}
