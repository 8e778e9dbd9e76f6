//! Publishing while everybody reads, and every way in which people and machines change files.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};

use directory::{Defaults, KnownVendors, Rules};
use server::config::EngineConfig;
use server::publish::{Greeter, Published, Publisher, Routes, Watch};
use support::shop::Shop;
use support::{Counted, SOON, scratch, scratch_in_memory, wait_for};
use types::{AgentConfig, E164, Millis, Price};

use Files::{Faulty, Sound};

const PUBLISHES: u32 = 10_000;
const READERS: usize = 2;

/// What no reader may ever see: the price in every file that is not to come into force.
const NEVER: u32 = 666;

/// A voice whose sound is as long as its text.
struct Hum;

impl Greeter for Hum {
    fn synthesize(&self, text: &str) -> Option<Arc<[i16]>> {
        Some(vec![7; text.len()].into())
    }
}

/// A directory of business files, published.
struct Place {
    dir: PathBuf,
    state: PathBuf,
    routes: Arc<Routes>,
    publisher: Arc<Publisher>,
    counted: Counted,
}

impl Place {
    fn in_dirs(dir: PathBuf, state: PathBuf) -> Self {
        let shipped = EngineConfig::shipped();
        let server::config::AgentDefaults { turns, limits, intake } = shipped.defaults;
        let defaults = Defaults { turns, limits, intake };
        let rules = Rules { defaults, vendors: KnownVendors::local() };
        let routes = Arc::new(Routes::new(Published::empty()));
        let counted = Counted::new();
        let publisher = Publisher::new(
            (dir.clone(), state.clone()),
            rules,
            Box::new(Hum),
            routes.clone(),
            counted.telemetry.clone(),
        );
        Self { dir, state, routes, publisher: Arc::new(publisher), counted }
    }

    fn agent(&self, shop: &Shop) -> Option<Arc<AgentConfig>> {
        self.routes.load().agent_for(number(shop))
    }

    fn price(&self, shop: &Shop) -> Option<u32> {
        self.agent(shop).map(|agent| price_of(&agent))
    }

    fn files(&self) -> Files {
        match self.counted.count("apex_config_mistakes") {
            0 => Sound,
            _ => Faulty,
        }
    }
}

fn number(shop: &Shop) -> E164 {
    shop.number.parse().expect("a number")
}

fn price_of(agent: &AgentConfig) -> u32 {
    let Price::Exact(money) = agent.facts.services[0].price else { panic!("an exact price") };
    u32::try_from(money.minor / 100).expect("a small price")
}

/// `shop` with `number` in each of its facts that a caller could hear.
fn all_of(shop: &Shop, number: u32) -> Shop {
    let greeting = format!("Version {number}{}", "!".repeat(1 + number as usize % 7));
    Shop { price: number, greeting, ..shop.clone() }
}

#[test]
fn ten_thousand_publishes_are_each_seen_whole() {
    let root = scratch_in_memory("publishes");
    let dir = root.join("businesses");
    fs::create_dir_all(&dir).expect("ours");
    let site = Place::in_dirs(dir, root.join("last-good"));
    let shops = [Shop::new(0), Shop::new(1)];
    for shop in &shops {
        all_of(shop, 1).write(&site.dir);
    }
    site.publisher.publish().expect("a directory");
    let over = Arc::new(AtomicBool::new(false));
    let readers: Vec<JoinHandle<(u64, usize)>> = (0..READERS)
        .map(|_| {
            let (routes, shops, over) = (site.routes.clone(), shops.clone(), over.clone());
            spawn(move || read_flat_out(&routes, &shops, &over))
        })
        .collect();
    for version in 2..2 + PUBLISHES {
        for shop in &shops {
            all_of(shop, version).write(&site.dir);
        }
        let outcome = site.publisher.publish().expect("a directory");
        assert_eq!(outcome.mistakes, [], "publish {version}");
        assert_eq!(outcome.changed.len(), shops.len(), "publish {version}");
        assert_eq!(site.price(&shops[0]), Some(version), "in force when publish returns");
    }
    over.store(true, Ordering::SeqCst);
    for reader in readers {
        let (reads, seen) = reader.join().expect("every read saw one version");
        assert!(1 < seen, "{seen} versions in {reads} reads");
    }
    assert_eq!(site.counted.count("apex_publishes_total"), u64::from(PUBLISHES) + 1);
    fs::remove_dir_all(root).expect("ours");
}

/// Reads until told that it is over: how often, and how many versions were seen.
fn read_flat_out(routes: &Routes, shops: &[Shop; 2], over: &AtomicBool) -> (u64, usize) {
    let [one, two] = shops.each_ref().map(number);
    let (mut reads, mut seen, mut newest) = (0, 0, 0);
    while !over.load(Ordering::SeqCst) {
        let published = routes.load();
        let agent = published.agent_for(one).expect("one has its number");
        let other = published.agent_for(two).expect("two has its number");
        let price = price_of(&agent);
        assert_eq!(price, price_of(&other), "two businesses of one publish");
        assert_eq!(agent.version, published.directory.version());
        assert_eq!(other.version, agent.version);
        let expected = all_of(&shops[0], price);
        assert_eq!(agent.persona.greeting, expected.greeting, "price and greeting of one file");
        let sound = published.greeting(&agent.persona.greeting).expect("its sound is there");
        assert_eq!(sound.len(), expected.greeting.len(), "and is its own");
        assert!(newest <= price, "never back: {newest} to {price}");
        seen += usize::from(newest < price);
        newest = price;
        reads += 1;
    }
    (reads, seen)
}

/// What the last publish found the files to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Files {
    /// Without a mistake.
    Sound,
    /// With some.
    Faulty,
}

/// An edit as it comes about, and what is to be so then: the price of each of the three shops, and
/// whether mistakes are reported.
type Edit = (&'static str, fn(&Stage), [Option<u32>; 3], Files);

/// Where edits take place.
struct Stage {
    dir: PathBuf,
    shops: [Shop; 3],
}

impl Stage {
    fn path(&self) -> PathBuf {
        self.shops[0].path(&self.dir)
    }

    fn text(&self, price: u32) -> String {
        all_of(&self.shops[0], price).toml()
    }

    fn write(&self, price: u32) {
        all_of(&self.shops[0], price).write(&self.dir);
    }

    /// Writes a version of the mounted file and swaps the link to it, as container mounts do.
    fn mount(&self, name: &str, text: &str) {
        let version = self.dir.join(name);
        fs::create_dir_all(&version).expect("room");
        fs::write(version.join("dentist-1.toml"), text).expect("room");
        let link = self.dir.join("..data_tmp");
        symlink(name, &link).expect("room");
        fs::rename(link, self.dir.join("..data")).expect("ours");
    }

    fn mounted(&self, price: u32) -> String {
        all_of(&self.shops[1], price).toml()
    }

    fn replace(&self, text: &str) {
        let new = self.dir.join("new.partial");
        fs::write(&new, text).expect("room");
        fs::rename(new, self.path()).expect("ours");
    }
}

const EDITS: &[Edit] = &[
    ("written in place", |at| at.write(2), [Some(2), None, None], Sound),
    ("renamed over", |at| at.replace(&at.text(3)), [Some(3), None, None], Sound),
    ("truncated", |at| fs::write(at.path(), "").expect("room"), [Some(3), None, None], Faulty),
    ("then written", |at| at.write(4), [Some(4), None, None], Sound),
    (
        "half written",
        |at| {
            let text = at.text(NEVER);
            let half = text.find("[[facts.services]]").expect("services") + 30;
            fs::write(at.path(), &text[..half]).expect("room");
        },
        [Some(4), None, None],
        Faulty,
    ),
    ("completed", |at| at.write(5), [Some(5), None, None], Sound),
    (
        "saved by an editor with backups",
        |at| {
            fs::write(at.dir.join(".dentist-0.toml.swp"), at.text(NEVER)).expect("room");
            fs::write(at.dir.join("4913"), "").expect("room");
            fs::remove_file(at.dir.join("4913")).expect("ours");
            fs::rename(at.path(), at.dir.join("dentist-0.toml~")).expect("ours");
            at.write(6);
            fs::remove_file(at.dir.join(".dentist-0.toml.swp")).expect("ours");
        },
        [Some(6), None, None],
        Sound,
    ),
    (
        "mounted by a link",
        |at| {
            at.mount("..v1", &at.mounted(7));
            symlink("..data/dentist-1.toml", at.dir.join("dentist-1.toml")).expect("room");
        },
        [Some(6), Some(7), None],
        Sound,
    ),
    ("link swapped", |at| at.mount("..v2", &at.mounted(8)), [Some(6), Some(8), None], Sound),
    (
        "link swapped to a bad version",
        |at| {
            let bad = at.mounted(NEVER).replace("duration_min = 45", "duration_min = \"long\"");
            at.mount("..v3", &bad);
        },
        [Some(6), Some(8), None],
        Faulty,
    ),
    ("link swapped back", |at| at.mount("..v4", &at.mounted(9)), [Some(6), Some(9), None], Sound),
    (
        "link broken",
        |at| fs::remove_dir_all(at.dir.join("..v4")).expect("ours"),
        [Some(6), Some(9), None],
        Faulty,
    ),
    ("link mended", |at| at.mount("..v5", &at.mounted(10)), [Some(6), Some(10), None], Sound),
    (
        "another file claims the number",
        |at| {
            let thief = Shop { number: at.shops[0].number.clone(), ..at.shops[2].clone() };
            all_of(&thief, NEVER).write(&at.dir);
        },
        [Some(6), Some(10), None],
        Faulty,
    ),
    (
        "it gets a number of its own",
        |at| all_of(&at.shops[2], 11).write(&at.dir),
        [Some(6), Some(10), Some(11)],
        Sound,
    ),
    (
        "rubbish",
        |at| fs::write(at.path(), [0xFF, 0, 0xFE, b'=', 0x80].repeat(1_000)).expect("room"),
        [Some(6), Some(10), Some(11)],
        Faulty,
    ),
    ("good again", |at| at.write(12), [Some(12), Some(10), Some(11)], Sound),
    (
        "an unknown key and an impossible hour",
        |at| {
            let text = at.text(NEVER).replace("duration_min", "durations_min");
            fs::write(at.path(), text.replace("monday = [\"08:00", "monday = [\"28:00"))
                .expect("room");
        },
        [Some(12), Some(10), Some(11)],
        Faulty,
    ),
    (
        "renamed",
        |at| {
            fs::rename(at.path(), at.dir.join("front.toml")).expect("ours");
            fs::write(at.dir.join("front.toml"), at.text(13)).expect("ours");
        },
        [Some(13), Some(10), Some(11)],
        Sound,
    ),
    (
        "a folder in its place",
        |at| {
            fs::rename(at.dir.join("front.toml"), at.dir.join("aside")).expect("ours");
            fs::create_dir(at.dir.join("front.toml")).expect("room");
        },
        [Some(13), Some(10), Some(11)],
        Faulty,
    ),
    (
        "the folder gone again",
        |at| {
            fs::remove_dir(at.dir.join("front.toml")).expect("ours");
            fs::rename(at.dir.join("aside"), at.path()).expect("ours");
        },
        [Some(13), Some(10), Some(11)],
        Sound,
    ),
    (
        "deleted",
        |at| fs::remove_file(at.dir.join("dentist-2.toml")).expect("ours"),
        [Some(13), Some(10), None],
        Sound,
    ),
    (
        "copied back in two steps",
        |at| {
            let text = all_of(&at.shops[2], 14).toml();
            let (one, two) = text.split_at(text.len() / 2);
            let path = at.shops[2].path(&at.dir);
            fs::write(&path, one).expect("room");
            fs::write(&path, format!("{one}{two}")).expect("room");
        },
        [Some(13), Some(10), Some(14)],
        Sound,
    ),
];

#[test]
#[expect(clippy::print_stderr, reason = "shown if it fails: the last name says which")]
fn every_real_edit_is_seen_and_no_bad_one_comes_into_force() {
    let root = scratch("edits");
    let dir = root.join("businesses");
    fs::create_dir_all(&dir).expect("ours");
    let site = Place::in_dirs(dir.clone(), root.join("last-good"));
    let stage = Stage { dir, shops: [Shop::new(0), Shop::new(1), Shop::new(2)] };
    stage.write(1);
    site.publisher.publish().expect("a directory");
    // Only events can be it: nobody compares within an hour.
    let watch = Watch::start(site.publisher.clone(), Millis::new(50), Millis::from_secs(3_600));
    let watch = watch.expect("a thread");
    let over = Arc::new(AtomicBool::new(false));
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let reader = {
        let (routes, over, seen) = (site.routes.clone(), over.clone(), seen.clone());
        let shops = stage.shops.clone();
        spawn(move || collect_prices(&routes, &shops, &over, &seen))
    };
    for (name, edit, prices, files) in EDITS {
        eprintln!("{name}");
        edit(&stage);
        wait_for(&format!("{name}: {prices:?}, {files:?}"), SOON, || {
            *prices == stage.shops.each_ref().map(|shop| site.price(shop)) && *files == site.files()
        });
    }
    drop(watch);
    over.store(true, Ordering::SeqCst);
    reader.join().expect("a reader");
    let seen = seen.lock().expect("its reader is done");
    assert!(!seen.contains(&NEVER), "{seen:?}");
    assert_eq!(seen.last(), Some(&14));
}

fn collect_prices(
    routes: &Routes,
    shops: &[Shop; 3],
    over: &AtomicBool,
    seen: &Mutex<BTreeSet<u32>>,
) {
    while !over.load(Ordering::SeqCst) {
        let published = routes.load();
        let agents = shops.iter().filter_map(|shop| published.agent_for(number(shop)));
        let prices: Vec<u32> = agents.map(|agent| price_of(&agent)).collect();
        seen.lock().expect("one reader").extend(prices);
        std::thread::yield_now();
    }
}

#[test]
fn a_change_that_no_event_tells_of_is_found_by_comparing() {
    let root = scratch("polled");
    let elsewhere = root.join("elsewhere");
    fs::create_dir_all(&elsewhere).expect("ours");
    let dir = root.join("businesses");
    fs::create_dir_all(&dir).expect("ours");
    let shop = Shop::new(0);
    // What happens behind the link is no event of the directory.
    all_of(&shop, 1).write(&elsewhere);
    symlink(shop.path(&elsewhere), shop.path(&dir)).expect("room");
    let site = Place::in_dirs(dir, root.join("last-good"));
    site.publisher.publish().expect("a directory");
    let watch = Watch::start(site.publisher.clone(), Millis::new(50), Millis::from_secs(1));
    let watch = watch.expect("a thread");
    all_of(&shop, 1_000).write(&elsewhere);
    wait_for("the change behind the link", SOON, || site.price(&shop) == Some(1_000));
    drop(watch);
}

#[test]
fn a_change_between_the_first_look_and_the_watch_is_not_lost() {
    let root = scratch("between");
    let dir = root.join("businesses");
    fs::create_dir_all(&dir).expect("ours");
    let shop = Shop::new(0);
    all_of(&shop, 1).write(&dir);
    let site = Place::in_dirs(dir, root.join("last-good"));
    site.publisher.publish().expect("a directory");
    all_of(&shop, 2).write(&site.dir);
    let watch = Watch::start(site.publisher.clone(), Millis::new(50), Millis::from_secs(3_600));
    let watch = watch.expect("a thread");
    wait_for("the change", SOON, || site.price(&shop) == Some(2));
    drop(watch);
}

#[test]
fn the_last_good_version_survives_a_restart_with_the_bad_file_still_there() {
    let root = scratch("restart");
    let dir = root.join("businesses");
    fs::create_dir_all(&dir).expect("ours");
    let shop = Shop::new(0);
    all_of(&shop, 5).write(&dir);
    let first = Place::in_dirs(dir, root.join("last-good"));
    first.publisher.publish().expect("a directory");
    restart_with(
        &first,
        &shop,
        &all_of(&shop, NEVER).toml().replace("tone = \"warm\"", "tone = 7"),
    );
    restart_with(&first, &shop, "");
    restart_with(&first, &shop, "\u{0}\u{1}");
    // An empty directory at the start is one that is not mounted yet.
    fs::remove_file(shop.path(&first.dir)).expect("ours");
    let unmounted = restarted(&first);
    assert_eq!(unmounted.price(&shop), None);
    fs::write(shop.path(&first.dir), "half").expect("room");
    unmounted.publisher.publish().expect("a directory");
    assert_eq!(unmounted.price(&shop), Some(5), "the copy has waited");
}

fn restart_with(first: &Place, shop: &Shop, bad: &str) {
    fs::write(shop.path(&first.dir), bad).expect("room");
    let outcome = first.publisher.publish().expect("a directory");
    assert_ne!(outcome.mistakes, [], "{bad}");
    assert_eq!(first.price(shop), Some(5), "{bad}");
    let again = restarted(first);
    assert_eq!(again.price(shop), Some(5), "{bad}");
    assert_eq!(again.files(), Faulty, "{bad}");
}

fn restarted(first: &Place) -> Place {
    let again = Place::in_dirs(first.dir.clone(), first.state.clone());
    again.publisher.publish().expect("a directory");
    again
}
