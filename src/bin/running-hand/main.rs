//! Handwriting from the command line: `running-hand --help` tells what it can do.

#[cfg(not(target_arch = "wasm32"))]
mod arguments;
#[cfg(not(target_arch = "wasm32"))]
mod command;
#[cfg(not(target_arch = "wasm32"))]
mod learn;

/// 0 when all went well, 1 when something failed, 2 when the arguments make no sense.
#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    command::main()
}

/// Tests in a browser build all of the package; there is no command line there.
#[cfg(target_arch = "wasm32")]
fn main() {}
