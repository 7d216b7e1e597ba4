//! `wa-sim`: the simulated gateway as a program, for load tests.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;

/// A simulated W-API and WhatsApp CDN on loopback. Prints its origin and that of the CDN's second host, then serves
/// until it is stopped.
#[derive(Parser)]
struct Options {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The duration of every call for a link, in milliseconds.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// The instance.
    #[arg(long, default_value = "BENCH1-BENCH2-BENCH3")]
    instance: String,
    /// Its token.
    #[arg(long, default_value = "sim-token")]
    token: String,
}

#[tokio::main(worker_threads = 1)]
async fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let sim = wa_sim::Sim::start_on(options.listen).await?;
    sim.world().add_instance(&options.instance, &options.token);
    sim.world()
        .set_delay(Duration::from_millis(options.delay_ms));
    println!("{}\n{}", sim.origin(), sim.fallback_origin());
    std::future::pending().await
}
