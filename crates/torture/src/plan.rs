//! What happens under a seed: made before anything runs, and from the seed alone.

use std::time::Duration;

use wa_media::MediaKind;
use wa_sim::{Content, Fault, Gateway, SimMedia};

/// The two instances of every world, each of another client.
pub const INSTANCES: [&str; 2] = ["TORTURE-000001-AAAAAA", "TORTURE-000002-BBBBBB"];

/// The instance that is imported. It is added before, with the simulated gateway's addresses, which an import keeps.
pub const IMPORTED: &str = "TORTURE-000003-CCCCCC";

/// How long messages and acts are spread over.
const SPAN: Duration = Duration::from_secs(6);

/// Everything that a seed decides.
#[derive(Debug)]
pub struct Plan {
    /// The gateways of the two instances. Seven seeds in a row have all.
    pub gateways: [Gateway; 2],
    /// The routes of the two instances.
    pub routes: [&'static str; 2],
    /// The messages.
    pub messages: Vec<Message>,
    /// The webhook calls, in the order of their time.
    pub posts: Vec<Post>,
    /// The acts, in the order of their time.
    pub acts: Vec<(Duration, Act)>,
}

/// One message with one media.
#[derive(Clone, Debug)]
pub struct Message {
    /// As the simulated gateway has it.
    pub media: SimMedia,
    /// Whether a way to its bytes works sooner or later, so that it must be stored in the end.
    pub must_be_stored: bool,
    /// How many media the message has.
    pub media_count: usize,
}

/// One call of the webhook.
#[derive(Debug)]
pub struct Post {
    /// When.
    pub at: Duration,
    /// Which message, by its place in [`Plan::messages`].
    pub message: usize,
    /// Whether chat and sender are named by their LIDs.
    pub by_lid: bool,
    /// How often the gateway repeats the call until it is answered with 200.
    pub repeats: u32,
}

/// Something done to the program or its machine.
#[derive(Clone, Debug)]
pub enum Act {
    /// SIGKILL, and a start after a pause.
    Kill {
        /// The pause.
        pause: Duration,
    },
    /// SIGTERM, and a start once it has ended.
    Terminate,
    /// SIGSTOP, and SIGCONT after a while.
    Stop(Duration),
    /// No space left on the disk of database and storage.
    FillDisk(Duration),
    /// Another process holds the write lock of the database.
    LockDatabase(Duration),
    /// The database's files are renamed away, and back.
    HideDatabase(Duration),
    /// The storage is unmounted, and mounted again.
    UnmountStorage(Duration),
    /// The wall clock jumps by so many seconds, and back.
    JumpClock {
        /// The jump.
        seconds: i64,
        /// How long.
        lasting: Duration,
    },
    /// Gateway and CDN, or the CDN alone, answer nothing but 503.
    CutNetwork {
        /// Whether the gateway still answers.
        cdn_only: bool,
        /// How long.
        lasting: Duration,
    },
    /// A command of the program is run.
    Command(&'static [&'static str]),
}

const COMMANDS: [&[&str]; 8] = [
    &["check", "--json"],
    &["media", "list", "--json"],
    &["retry", "--failed", "--waiting", "--json"],
    &["scrub", "--json"],
    &["scrub", "--repair", "--json"],
    &["sweep", "--json"],
    &["doctor", "--json"],
    &["deliveries", "list", "--json"],
];

impl Plan {
    /// The plan of a seed.
    pub fn new(seed: u64) -> Self {
        Self::of_gateways(seed, gateways(seed))
    }

    fn of_gateways(seed: u64, gateways: [Gateway; 2]) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let routes = gateways.map(|gateway| routes(&mut random, gateway));
        let count = random.usize(20..120);
        let messages: Vec<_> = (0..count)
            .map(|n| message(&mut random, (seed, n), gateways, routes))
            .collect();
        let mut posts = Vec::new();
        for message in 0..count {
            posts.extend(posts_of(&mut random, message));
        }
        posts.sort_by_key(|post| post.at);
        let mut acts: Vec<_> = (0..random.usize(2..9))
            .map(|_| (moment(&mut random), act(&mut random)))
            .collect();
        acts.sort_by_key(|(at, _)| *at);
        Self {
            gateways,
            routes,
            messages,
            posts,
            acts,
        }
    }
}

/// So many messages have equal bytes, other ones, and ones that are erased.
pub const FEW: usize = 4;

/// The person whose data is erased after a recorded run: number and LID. Nothing else has them.
pub const FORGOTTEN: [&str; 2] = ["5500900000011", "100000000000011"];

impl Plan {
    /// The first messages of a seed in a world without faults and acts. The first three have the same bytes, the fourth has
    /// others, and half of the first instance's are [`FORGOTTEN`]'s.
    pub fn without_faults(seed: u64, messages: usize) -> Self {
        let mut plan = Self::of_gateways(seed, [Gateway::Wapi; 2]);
        plan.acts.clear();
        plan.messages.truncate(messages);
        plan.posts.retain(|post| post.message < messages);
        let first = plan.messages[0].media.clone();
        for (n, message) in plan.messages.iter_mut().enumerate() {
            message.must_be_stored = true;
            let media = &mut message.media;
            if n < 3 {
                media.instance = INSTANCES[0].to_owned();
                (media.kind, media.content) = (first.kind, first.content.clone());
                media.mime.clone_from(&first.mime);
                media.voice_note = first.voice_note;
                media.file_name.clone_from(&first.file_name);
            }
            if n == 3 {
                media.content = Content::Generated {
                    seed: seed ^ u64::MAX,
                    size_bytes: 70_000,
                };
            }
            (media.fault, media.cdn_fault) = (Fault::None, Fault::None);
            media.fallback_fault = Fault::None;
            if let Content::Generated { size_bytes, .. } = &mut media.content {
                *size_bytes = (*size_bytes).min(300_000);
            }
            media.with_bytes &= media.content.size_bytes() <= 64 << 10;
            if is_forgotten(n, media) {
                let [number, lid] = FORGOTTEN;
                media.sender_id = Some(number.to_owned());
                media.sender_lid = Some(format!("{lid}@lid"));
                if !media.is_group {
                    media.chat_id = Some(number.to_owned());
                }
            }
        }
        for post in &mut plan.posts {
            post.at /= 4;
            post.repeats = 50;
        }
        plan
    }
}

fn is_forgotten(n: usize, media: &SimMedia) -> bool {
    n % 2 == 1 && media.instance == INSTANCES[0]
}

impl Message {
    /// Whether it is of the person whose data is erased.
    pub fn is_forgotten(&self) -> bool {
        self.media.sender_id.as_deref() == Some(FORGOTTEN[0])
    }
}

fn gateways(seed: u64) -> [Gateway; 2] {
    let all = Gateway::ALL;
    let first = usize::try_from(seed % all.len() as u64).unwrap_or(0) * 2;
    [first, first + 1].map(|n| all[n % all.len()])
}

/// Some of the routes that exist with a gateway.
fn routes(random: &mut fastrand::Rng, gateway: Gateway) -> &'static str {
    let all: &[&str] = match gateway {
        Gateway::Wapi => &[
            "inline,cdn,gateway",
            "cdn,gateway",
            "gateway",
            "gateway,cdn",
        ],
        Gateway::Zapi | Gateway::Twilio | Gateway::Gupshup => &["link"],
        Gateway::Meta | Gateway::Dialog360 | Gateway::Gowa | Gateway::Quepasa => {
            &["link,gateway", "gateway"]
        }
        _ => &[
            "inline,cdn,gateway",
            "link,cdn,gateway",
            "gateway,cdn",
            "inline,link",
        ],
    };
    all[random.usize(..all.len())]
}

/// Whether the deliveries of a gateway have no hash of the file.
fn is_without_hashes(gateway: Gateway) -> bool {
    matches!(
        gateway,
        Gateway::Zapi | Gateway::Twilio | Gateway::Gupshup | Gateway::Gowa | Gateway::Quepasa
    )
}

fn moment(random: &mut fastrand::Rng) -> Duration {
    SPAN.mul_f64(random.f64())
}

fn lasting(random: &mut fastrand::Rng) -> Duration {
    Duration::from_millis(random.u64(100..2_500))
}

/// The calls for a message: most come once, some again, some under the other name of the person. They are not in the
/// order of the messages.
fn posts_of(random: &mut fastrand::Rng, message: usize) -> Vec<Post> {
    let calls = match random.u8(..10) {
        0 => 3,
        1 | 2 => 2,
        _ => 1,
    };
    (0..calls)
        .map(|_| Post {
            at: moment(random),
            message,
            by_lid: random.u8(..4) == 0,
            repeats: [0, 3, 50][random.usize(..3)],
        })
        .collect()
}

fn message(
    random: &mut fastrand::Rng,
    (seed, n): (u64, usize),
    gateways: [Gateway; 2],
    routes: [&'static str; 2],
) -> Message {
    let kinds = [
        MediaKind::Image,
        MediaKind::Video,
        MediaKind::Audio,
        MediaKind::Document,
        MediaKind::Sticker,
    ];
    let which = random.usize(..2);
    let id = format!("TORTURE{seed:08}{n:04}");
    let mut media = SimMedia::sample(INSTANCES[which], &id, kinds[random.usize(..5)]);
    // Some share their bytes with others of the same size.
    let content_seed = match random.u8(..5) {
        0 => 7,
        _ => random.u64(..),
    };
    if random.u8(..4) > 0 {
        media.content = Content::Generated {
            seed: content_seed,
            size_bytes: size_bytes(random),
        };
    }
    media.with_hashes = random.u8(..6) > 0 && !is_without_hashes(gateways[which]);
    media.with_link = routes[which].contains("link");
    media.with_bytes = media.content.size_bytes() <= 64 << 10 && random.u8(..5) == 0;
    media.is_group = random.u8(..4) == 0;
    if media.is_group {
        media.chat_id = Some("120363000000000001@g.us".to_owned());
    }
    media.from_me = random.u8(..8) == 0;
    media.file_name = media.file_name.map(|_| file_name(random).to_owned());
    let ((cdn, cdn_works), (gateway, gateway_works)) = (fault(random), fault(random));
    // What one place sends can be proof enough that the file itself is wrong: only where all work is it a promise.
    let must_be_stored = gateway_works && (cdn_works || !routes[which].contains("cdn"));
    // Compressed as a whole before its first byte is sent: large files would look like a hanging server.
    let is_small = media.content.size_bytes() <= 256 << 10;
    let [cdn, gateway] = [cdn, gateway].map(|fault| match fault {
        Fault::Gzip if !is_small => Fault::None,
        fault => fault,
    });
    media.cdn_fault = cdn.clone();
    media.fallback_fault = cdn;
    media.fault = gateway;
    Message {
        media,
        must_be_stored,
        media_count: 1,
    }
}

fn size_bytes(random: &mut fastrand::Rng) -> u64 {
    match random.u8(..12) {
        0 => random.u64(1..64),
        1 => (1 << random.u32(4..22)) + random.u64(..3) - 1,
        2 => random.u64(1 << 20..6 << 20),
        3..=5 => random.u64(64 << 10..512 << 10),
        _ => random.u64(1 << 10..64 << 10),
    }
}

fn file_name(random: &mut fastrand::Rng) -> &'static str {
    const NAMES: [&str; 6] = [
        "orçamento.pdf",
        "../../etc/passwd",
        "nota fiscal\u{202e}fdp.exe",
        "a.tar.gz",
        "CON",
        "",
    ];
    NAMES[random.usize(..NAMES.len())]
}

/// What goes wrong at one place, and whether it works in the end.
fn fault(random: &mut fastrand::Rng) -> (Fault, bool) {
    let lasting = [
        Fault::Empty,
        Fault::HtmlPage,
        Fault::JsonPage,
        Fault::WrongBytes,
        Fault::StillEncrypted,
        Fault::FileStatus(404),
        Fault::FileStatus(410),
        Fault::FileStatus(500),
        Fault::ExpiredLink,
        Fault::ApiErrorObject,
        Fault::ApiErrorTrue,
        Fault::ApiStatus(500),
        Fault::CorruptAt { offset: 10 },
        Fault::Truncated { bytes: 11 },
        Fault::RefusedConnection,
        Fault::LinkTo("http://127.0.0.1:1/x".to_owned()),
        Fault::RedirectTo("http://169.254.169.254/latest".to_owned()),
    ];
    let passing = [
        Fault::ApiErrorObject,
        Fault::ApiStatus(502),
        Fault::FileStatus(503),
        Fault::Hang,
        Fault::HangBody,
        Fault::CutShort { after_bytes: 700 },
        Fault::IgnoresRange { after_bytes: 900 },
        Fault::RefusedConnection,
        Fault::HtmlPage,
        Fault::TooManyRequests { retry_after_s: 1 },
    ];
    match random.u8(..10) {
        0 => (lasting[random.usize(..lasting.len())].clone(), false),
        1 | 2 => {
            let fault = passing[random.usize(..passing.len())].clone();
            let times = random.u32(1..5);
            let fault = Box::new(fault);
            (Fault::FailTimes { times, fault }, true)
        }
        3 => (Fault::Gzip, true),
        4 => (
            Fault::Drip {
                bytes_per_second: 400_000,
            },
            true,
        ),
        _ => (Fault::None, true),
    }
}

fn act(random: &mut fastrand::Rng) -> Act {
    match random.u8(..14) {
        0..=3 => Act::Kill {
            pause: Duration::from_millis(random.u64(..700)),
        },
        4 => Act::Terminate,
        5 => Act::Stop(lasting(random)),
        6 => Act::FillDisk(lasting(random)),
        7 => Act::LockDatabase(lasting(random)),
        8 => Act::HideDatabase(lasting(random)),
        9 => Act::UnmountStorage(lasting(random)),
        10 => {
            let hour = 3_600;
            let jumps = [
                -hour,
                hour,
                36 * hour,
                -36 * hour,
                8_760 * hour,
                100 * 8_760 * hour,
            ];
            Act::JumpClock {
                seconds: jumps[random.usize(..jumps.len())],
                lasting: lasting(random),
            }
        }
        11 => Act::CutNetwork {
            cdn_only: random.bool(),
            lasting: lasting(random),
        },
        _ => Act::Command(COMMANDS[random.usize(..COMMANDS.len())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_makes_the_same_plan_and_another_seed_another() {
        let text = |seed| format!("{:?}", Plan::new(seed));
        assert_eq!(text(5), text(5));
        assert_ne!(text(5), text(6));
    }

    #[test]
    fn seven_seeds_in_a_row_have_all_gateways() {
        for first in 0..14 {
            let seen = (first..first + 7).flat_map(|seed| Plan::new(seed).gateways);
            let seen: std::collections::BTreeSet<_> = seen.map(Gateway::as_str).collect();
            assert_eq!(seen.len(), Gateway::ALL.len(), "{first}");
        }
    }

    #[test]
    fn a_few_messages_are_of_equal_and_of_other_bytes() {
        for seed in 0..50 {
            let plan = Plan::without_faults(seed, FEW);
            let hashes = plan.messages.iter().map(|it| it.media.content.sha256());
            let hashes: Vec<_> = hashes.collect();
            assert!(hashes[..3].iter().all(|hash| *hash == hashes[0]));
            assert!(hashes.len() == FEW && hashes[3] != hashes[0], "seed {seed}");
        }
    }

    #[test]
    fn a_few_hundred_seeds_have_every_act_and_every_command() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..300 {
            for (_, act) in Plan::new(seed).acts {
                let text = format!("{act:?}");
                let end = text.find(['(', ' ']).unwrap_or(text.len());
                seen.insert(match act {
                    Act::Command(words) => words.join(" "),
                    _ => text[..end].to_owned(),
                });
            }
        }
        assert_eq!(seen.len(), 9 + COMMANDS.len(), "{seen:?}");
    }
}
