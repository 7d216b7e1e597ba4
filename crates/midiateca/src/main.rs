//! The `midiateca` program: the command line over the service.
#![cfg_attr(test, allow(clippy::too_many_lines))]
#![warn(clippy::print_stdout)]

mod cli;

use std::process::ExitCode;

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(64)
        .thread_stack_size(1 << 20)
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(cli::run()),
        Err(error) => cli::cannot_start(error),
    }
}
