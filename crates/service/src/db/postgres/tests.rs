//! What only a server can do to us. These run where `MIDIATECA_TEST_POSTGRES` has the URL of a database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::db::{Db, Key, values};

/// A new schema of the test's database; None, and said, where there is no database.
async fn address(options: &str) -> Option<Address> {
    let Ok(url) = std::env::var("MIDIATECA_TEST_POSTGRES") else {
        eprintln!("skipped: MIDIATECA_TEST_POSTGRES is not set");
        return None;
    };
    let schema = format!("t{}", uuid::Uuid::now_v7().simple());
    let address = with(&url, &format!("-csearch_path%3D{schema}"));
    Db::connect(&address).await.unwrap().close().await;
    Some(with(&url, &format!("-csearch_path%3D{schema}{options}")))
}

fn with(url: &str, options: &str) -> Address {
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}options={options}");
    url.parse().unwrap()
}

async fn add(db: &Db, id: i64) -> Result<(), Error> {
    db.write(Key::instance("i"), async move |tx| {
        let sql = "insert into clients (id, name, created_at) values ($1, $2, 0)";
        tx.run(sql, values![id, format!("client {id}")])
            .await
            .map(drop)
    })
    .await
}

async fn count(db: &Db) -> i64 {
    let sql = "select count(*) as n from clients";
    db.row(sql, values![])
        .await
        .unwrap()
        .unwrap()
        .int("n")
        .unwrap()
}

/// Ends the connections of the writer and of the readers, as a restart of the server does.
async fn end_connections(address: &Address) {
    let session = Session::connect(address, session::Use::Read).await.unwrap();
    let sql = "select pg_terminate_backend(a.pid) as ended from pg_stat_activity a
               where a.pid <> pg_backend_pid() and a.application_name = (select application_name from pg_stat_activity where pid = pg_backend_pid())";
    session.rows(sql, &[]).await.unwrap();
}

fn named(address: &Address) -> Address {
    let mut config = (*address.config).clone();
    config.application_name(uuid::Uuid::now_v7().simple().to_string());
    Address {
        config: Arc::new(config),
        ..address.clone()
    }
}

#[tokio::test]
async fn a_text_with_nul_is_stored_and_found_again() {
    let Some(address) = address("").await else {
        return;
    };
    let db = Db::connect(&address).await.unwrap();
    db.write(Key::Everything, async |tx| {
        let sql = "insert into clients (id, name, created_at) values (1, $1, 0)";
        tx.run(sql, values!["a\0b"]).await.map(drop)
    })
    .await
    .unwrap();
    let sql = "select name from clients where name = $1";
    let row = db.row(sql, values!["a\0b"]).await.unwrap().unwrap();
    assert_eq!(row.text("name").unwrap(), "a\u{fffd}b");
    db.close().await;
}

#[tokio::test]
async fn lost_connections_are_replaced() {
    let Some(address) = address("").await else {
        return;
    };
    let address = named(&address);
    let db = Db::connect(&address).await.unwrap();
    add(&db, 1).await.unwrap();
    assert_eq!(count(&db).await, 1);
    end_connections(&address).await;
    add(&db, 2).await.unwrap();
    assert_eq!(count(&db).await, 2);
    db.close().await;
}

#[tokio::test]
async fn a_write_whose_connection_is_lost_is_unavailable_and_leaves_nothing() {
    let Some(address) = address("").await else {
        return;
    };
    let address = named(&address);
    let db = Db::connect(&address).await.unwrap();
    let of_test = address.clone();
    let lost = db.write(Key::Nothing, async move |tx| {
        tx.run(
            "insert into clients (id, name, created_at) values (1, 'a', 0)",
            vec![],
        )
        .await?;
        end_connections(&of_test).await;
        tx.rows("select 1 as n", vec![]).await.map(drop)
    });
    let error = lost.await.unwrap_err();
    assert!(error.is_unavailable() && !error.is_uncertain(), "{error:?}");
    assert_eq!(count(&db).await, 0);
    add(&db, 1).await.unwrap();
    db.close().await;
}

#[tokio::test]
async fn a_replica_that_takes_no_writes_is_unavailable() {
    let Some(address) = address("%20-cdefault_transaction_read_only%3Don").await else {
        return;
    };
    let db = Db::connect(&address).await.unwrap();
    let error = add(&db, 1).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert_eq!(count(&db).await, 0);
    db.close().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    let address: Address = format!("postgres://ana@127.0.0.1:{port}/none")
        .parse()
        .unwrap();
    let error = Db::connect(&address).await.err().unwrap();
    assert!(error.is_unavailable(), "{error:?}");
}

#[tokio::test]
async fn another_database_at_the_address_is_refused() {
    let Some(address) = address("").await else {
        return;
    };
    let address = named(&address);
    let db = Db::connect(&address).await.unwrap();
    db.write(Key::Everything, async |tx| {
        tx.run("update identity set id = 'another'", vec![])
            .await
            .map(drop)
    })
    .await
    .unwrap();
    assert!(matches!(
        db.verify().await,
        Err(Error::Displaced {
            found: Found::Other,
            ..
        })
    ));
    end_connections(&address).await;
    let error = add(&db, 1).await.unwrap_err();
    assert_eq!(error.displaced(), Some(Found::Other));
    db.close().await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_or_of_another_program_is_refused() {
    let Some(address) = address("").await else {
        return;
    };
    let session = Session::connect(&address, session::Use::Write)
        .await
        .unwrap();
    session
        .batch("update schema_version set version = 9999")
        .await
        .unwrap();
    let error = Db::connect(&address).await.err();
    assert!(
        matches!(error, Some(Error::TooNew { version: 9999 })),
        "{error:?}"
    );
    session.batch("drop table schema_version").await.unwrap();
    let error = Db::connect(&address).await.err();
    assert!(matches!(error, Some(Error::Foreign)), "{error:?}");
}

/// Forwards connections to the server, and cuts them after the next commit was sent, when it has to.
#[expect(clippy::disallowed_methods, reason = "it ends with the test")]
async fn cutting_proxy(address: &Address) -> (Address, Arc<AtomicBool>) {
    use tokio_postgres::config::Host;
    let Some(Host::Tcp(host)) = address.config.get_hosts().first().cloned() else {
        panic!("the database of the tests is reached by TCP");
    };
    let port = address.config.get_ports().first().copied().unwrap_or(5432);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    let cuts = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&cuts);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect((host.as_str(), port)).await.unwrap();
            tokio::spawn(forward(client, server, Arc::clone(&shared)));
        }
    });
    let mut config = (*address.config).clone();
    // A second host would be tried too, so there is only the proxy.
    let mut through = tokio_postgres::Config::new();
    through
        .host("127.0.0.1")
        .port(own)
        .user(config.get_user().unwrap_or_default())
        .dbname(config.get_dbname().unwrap_or_default())
        .options(config.get_options().unwrap_or_default());
    config = through;
    let through = Address {
        config: Arc::new(config),
        ..address.clone()
    };
    (through, cuts)
}

async fn forward(mut client: TcpStream, mut server: TcpStream, cuts: Arc<AtomicBool>) {
    let (mut from_client, mut from_server) = ([0; 8192], [0; 8192]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let Ok(read @ 1..) = read else { return };
                let sent = &from_client[..read];
                if server.write_all(sent).await.is_err() {
                    return;
                }
                let is_commit = sent.windows(7).any(|bytes| bytes == b"commit\0");
                if is_commit && cuts.swap(false, Ordering::SeqCst) {
                    // The server commits, and its answer is lost.
                    let _ = server.read(&mut from_server).await;
                    return;
                }
            }
            read = server.read(&mut from_server) => {
                let Ok(read @ 1..) = read else { return };
                if client.write_all(&from_server[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_uncertain() {
    let Some(address) = address("").await else {
        return;
    };
    let (through, cuts) = cutting_proxy(&address).await;
    let db = Db::connect(&through).await.unwrap();
    cuts.store(true, Ordering::SeqCst);
    let error = add(&db, 1).await.unwrap_err();
    assert!(error.is_uncertain(), "{error:?}");
    assert_eq!(count(&db).await, 1);
    add(&db, 2).await.unwrap();
    assert_eq!(count(&db).await, 2);
    db.close().await;
}

/// Adds one to a number that it has read before.
async fn increment(db: &Db, key: Key, id: i64) -> Result<(), Error> {
    db.write(key, async move |tx| {
        let row = tx.row(
            "select created_at as n from clients where id = $1",
            values![id],
        );
        let before = row.await?.map_or(Ok(0), |row| row.int("n"))?;
        let sql = "update clients set created_at = $2 where id = $1";
        tx.run(sql, values![id, before + 1]).await.map(drop)
    })
    .await
}

/// The sum after increments of a few rows by several nodes, each write under the key that `key` gives for its row.
async fn incremented(address: &Address, seed: u64, key: fn(i64) -> Key) -> (i64, i64) {
    const NODES: usize = 3;
    const ROWS: i64 = 3;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(Db::connect(address).await.unwrap());
    }
    nodes[0]
        .write(Key::Everything, async |tx| {
            tx.run("delete from clients", vec![]).await?;
            for id in 0..ROWS {
                let sql = "insert into clients (id, name, created_at) values ($1, $2, 0)";
                tx.run(sql, values![id, format!("{id}")]).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let writes = (0..120).map(|_| {
        let (node, row) = (nodes[random.usize(..NODES)].clone(), random.i64(0..ROWS));
        async move { increment(&node, key(row), row).await }
    });
    let writes: Vec<_> = writes.collect();
    let done = futures_util::future::join_all(writes).await;
    let done = done.into_iter().filter(Result::is_ok).count();
    let sum = "select sum(created_at) as n from clients";
    let row = nodes[0].row(sum, values![]).await.unwrap().unwrap();
    for node in nodes {
        node.close().await;
    }
    (row.int("n").unwrap(), i64::try_from(done).unwrap())
}

#[tokio::test]
async fn writes_of_one_key_never_overlap_on_any_node() {
    let Some(address) = address("").await else {
        return;
    };
    for seed in crate::seeds::range(8) {
        let keyed = |row: i64| Key::media(&row.to_string());
        let (sum, done) = incremented(&address, seed, keyed).await;
        assert_eq!((sum, done), (120, 120), "seed {seed}");
    }
}

#[tokio::test]
async fn a_planted_wrong_key_is_found() {
    let Some(address) = address("").await else {
        return;
    };
    for seed in 1..=20 {
        let (sum, done) = incremented(&address, seed, |_| Key::Nothing).await;
        if sum < done {
            return;
        }
    }
    panic!("writes without their key lost no update");
}

#[tokio::test]
async fn a_reader_sees_events_in_the_order_of_their_numbers() {
    let Some(address) = address("").await else {
        return;
    };
    let (one, other) = (
        Db::connect(&address).await.unwrap(),
        Db::connect(&address).await.unwrap(),
    );
    let append = async |db: &Db, n: i64| {
        for _ in 0..n {
            db.write(Key::Nothing, async |tx| {
                let sql = "insert into events (at, kind, data) values (0, 'x', '{}')";
                tx.defer(async move |tx| tx.run(sql, vec![]).await.map(drop));
                Ok(())
            })
            .await
            .unwrap();
        }
    };
    let ended = AtomicBool::new(false);
    let reading = async {
        let mut last = 0;
        loop {
            let is_last = ended.load(Ordering::SeqCst);
            let sql = "select seq from events where seq > $1 order by seq";
            for row in one.rows(sql, values![last]).await.unwrap() {
                let seq = row.int("seq").unwrap();
                assert_eq!(seq, last + 1, "a number appeared after a later one");
                last = seq;
            }
            if is_last {
                return last;
            }
        }
    };
    let writing = async {
        tokio::join!(append(&one, 60), append(&other, 60), append(&one, 60));
        ended.store(true, Ordering::SeqCst);
    };
    let (last, ()) = tokio::join!(reading, writing);
    assert_eq!(last, 180);
    one.close().await;
    other.close().await;
}

/// The columns of all tables: names, types of both engines as one, and whether they may be null.
#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let Some(address) = address("").await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let sqlite = Db::open_sqlite(&path, Duration::from_secs(1));
    let (sqlite, server) = (sqlite.await.unwrap(), Db::connect(&address).await.unwrap());
    let of_sqlite = "select t.name || '.' || c.name || ' ' || lower(c.type) || case when c.\"notnull\" = 1 or c.pk > 0 then ' not null' else '' end as text
                     from sqlite_schema t join pragma_table_info(t.name) c where t.type = 'table' and t.name not like 'sqlite%'
                     and t.name not like 'media_search%'";
    let of_server = "select table_name || '.' || column_name || ' ' || case data_type when 'bigint' then 'integer' when 'bytea' then 'blob' else data_type end
                       || case is_nullable when 'NO' then ' not null' else '' end as text
                     from information_schema.columns where table_schema = current_schema()
                       and table_name not in ('schema_version', 'event_numbers') and data_type <> 'tsvector'";
    let columns = async |db: &Db, sql: &'static str| {
        let rows = db.rows(sql, vec![]).await.unwrap();
        let mut columns: Vec<_> = rows.iter().map(|row| row.text("text").unwrap()).collect();
        columns.sort_unstable();
        columns
    };
    assert_eq!(
        columns(&sqlite, of_sqlite).await,
        columns(&server, of_server).await
    );
    sqlite.close().await;
    server.close().await;
}

#[tokio::test]
async fn an_encrypted_connection_needs_the_root_and_the_name_of_the_certificate() {
    let (Ok(url), Ok(root)) = (
        std::env::var("MIDIATECA_TEST_POSTGRES"),
        std::env::var("MIDIATECA_TEST_POSTGRES_ROOT"),
    ) else {
        eprintln!("skipped: MIDIATECA_TEST_POSTGRES_ROOT is not set");
        return;
    };
    let by_name = url.replace("127.0.0.1", "localhost");
    for (url, is_accepted) in [
        (
            format!("{by_name}?sslmode=verify-full&sslrootcert={root}"),
            true,
        ),
        (format!("{by_name}?sslmode=verify-full"), false),
        (
            format!("{url}?sslmode=verify-full&sslrootcert={root}"),
            false,
        ),
    ] {
        let address: Address = url.parse().unwrap();
        let connected = Session::connect(&address, session::Use::Read).await;
        assert_eq!(connected.is_ok(), is_accepted, "{url}");
        if let Ok(session) = connected {
            let sql = "select ssl as is_encrypted from pg_stat_ssl where pid = pg_backend_pid()";
            let rows = session.rows(sql, &[]).await.unwrap();
            assert!(rows[0].flag("is_encrypted").unwrap());
            session.close().await;
        }
    }
}
