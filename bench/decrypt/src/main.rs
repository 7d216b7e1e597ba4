//! The decryptors that `scripts/bench-decrypt` compares: each downloads from a local server, decrypts, writes to files.
//!
//! `decrypt-bench make FOLDER NAME SIZE_BYTES COUNT` writes encrypted files, and `NAME.json` with their keys and hashes.
//! `decrypt-bench PEER LIST ORIGIN OUT COUNT AT_ONCE` downloads `COUNT` files and repeats the list as needed. It
//! prints `ready` and waits for a line; then it works, prints the bytes of plaintext as one line of JSON, and runs until its
//! input is closed. So the caller measures every peer in the same way, without its start.

mod bare;
mod list;
mod make;
mod ours;
mod whatsapp_rust;

use std::io;

use anyhow::{Context as _, bail};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use list::Item;
use whatsapp_rust::Output;

/// The size of one write.
const WRITE_BYTES: usize = 128 << 10;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", folder, name, size, count] => {
            make::make(folder.as_ref(), name, size.parse()?, count.parse()?)
        }
        [peer, list, origin, out, count, at_once] => {
            let items = list::items(list.as_ref(), origin, out.as_ref(), count.parse()?)?;
            println!("ready");
            io::stdin().read_line(&mut String::new())?;
            let bytes = run(peer, items, at_once.parse()?)?;
            println!("{{\"bytes\": {bytes}}}");
            io::copy(&mut io::stdin(), &mut io::sink())?;
            Ok(())
        }
        _ => bail!("see the beginning of src/main.rs"),
    }
}

fn run(peer: &str, items: Vec<Item>, at_once: usize) -> anyhow::Result<u64> {
    match peer {
        "ours" => asynchronous(items, at_once, ours::fetch),
        "bare" => asynchronous(items, at_once, bare::fetch),
        "wacore" => whatsapp_rust::run(items, at_once, Output::File),
        "wacore-buffered" => whatsapp_rust::run(items, at_once, Output::Buffered),
        other => bail!("no peer {other}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "there is no shutdown to track")]
fn asynchronous<F>(
    items: Vec<Item>,
    at_once: usize,
    fetch: fn(reqwest::Client, Item) -> F,
) -> anyhow::Result<u64>
where
    F: Future<Output = anyhow::Result<u64>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let tasks = items
            .into_iter()
            .map(|item| tokio::spawn(fetch(client.clone(), item)));
        stream::iter(tasks)
            .buffer_unordered(at_once)
            .map(|done| done.context("a task panicked")?)
            .try_fold(0, |sum, bytes| std::future::ready(Ok(sum + bytes)))
            .await
    })
}
