//! whatsapp-rust's `wacore`: MAC and padding. Its API reads and writes in blocking threads; as in its own client, the
//! bytes come through ureq.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::Mutex;

use anyhow::anyhow;
use wacore::download::{DownloadUtils, MediaType};

use crate::WRITE_BYTES;
use crate::list::Item;

#[derive(Clone, Copy)]
pub enum Output {
    /// A file, as its client takes it: one system call for each block of 16 bytes.
    File,
    /// The same behind a buffer.
    Buffered,
}

pub fn run(items: Vec<Item>, at_once: usize, output: Output) -> anyhow::Result<u64> {
    // Its usual three idle connections would make 32 threads reconnect for most files.
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .max_idle_connections(at_once)
        .max_idle_connections_per_host(at_once)
        .proxy(None)
        .build()
        .into();
    let queue = Mutex::new(items.into_iter());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    let work = || -> anyhow::Result<u64> {
        let items = std::iter::from_fn(next);
        items.map(|item| fetch(&agent, &item, output)).sum()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        let panicked = |_| Err(anyhow!("a thread panicked"));
        joined.map(|done| done.unwrap_or_else(panicked)).sum()
    })
}

fn fetch(agent: &ureq::Agent, item: &Item, output: Output) -> anyhow::Result<u64> {
    let reader = agent.get(&item.url).call()?.into_body().into_reader();
    let mut file = File::create(&item.out)?;
    let (key, kind) = (&item.media_key, MediaType::Video);
    match output {
        Output::File => DownloadUtils::decrypt_stream_to_writer(reader, key, kind, &mut file),
        Output::Buffered => {
            let mut file = BufWriter::with_capacity(WRITE_BYTES, file);
            let bytes = DownloadUtils::decrypt_stream_to_writer(reader, key, kind, &mut file)?;
            file.flush()?;
            Ok(bytes)
        }
    }
}
