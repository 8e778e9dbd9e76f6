//! Whole calls with vendors behind sockets: each protocol once, then all of them failing.

mod support;

use caller::{Question, Step};
use fake_vendors::chat::Reply;
use fake_vendors::{FakeVendors, Fault, Options, Plan, Protocol, Words};
use server::score::{contains, normalized};
use support::rings::{GREETED, PATIENT, ask, plan, ring};
use support::shop::{Shop, environment, vendors};
use support::{Site, recording};
use types::{
    CallRecord, Count, FactId, Millis, SampleRate, TurnRecord, VendorDuty, VendorName, VendorShare,
    VendorUsage,
};

const QUESTION: &str = "How much is a cleaning?";

/// Who recognizes, thinks and speaks in each call, and by which protocols.
const CASTS: [([&str; 3], [Protocol; 3]); 4] = [
    (
        ["deepgram", "openai", "cartesia"],
        [Protocol::DeepgramNova, Protocol::OpenAiChat, Protocol::Cartesia],
    ),
    (
        ["deepgram-flux", "anthropic", "elevenlabs"],
        [Protocol::DeepgramFlux, Protocol::Anthropic, Protocol::ElevenLabs],
    ),
    (
        ["wyoming", "openai", "deepgram-aura"],
        [Protocol::WyomingRecognizer, Protocol::OpenAiChat, Protocol::DeepgramAura],
    ),
    (
        ["deepgram", "anthropic", "deepgram-flux"],
        [Protocol::DeepgramNova, Protocol::Anthropic, Protocol::DeepgramSpeak],
    ),
];

#[test]
fn agents_converse_through_vendors_and_go_on_without_them() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let words = Words::Scripted(vec![QUESTION.to_owned()]);
    let options = Options { words, ..Options::default() };
    let far = runtime.block_on(FakeVendors::start(options)).expect("vendors on free ports");
    let mut shops: Vec<Shop> = CASTS.iter().zip(0..).map(shop).collect();
    let chains: [&[&str]; 3] =
        [&["deepgram"], &["openai", "anthropic"], &["cartesia", "elevenlabs"]];
    let [recognizers, brains, voices] = chains;
    let vendors = vendors(recognizers, brains, voices);
    shops.push(Shop { vendors, ..Shop::new(CASTS.len() as u32) });
    let site = Site::start_with("vendors", &shops, environment(&far));

    for (shop, (_, protocols)) in shops.iter().zip(CASTS) {
        far.replies().set([Reply::words(&format!("A cleaning is {}.", shop.price_words()))]);
        let before = far.sessions().len();
        let turns = call(&site, shop, "well").turns;
        let turn = turns.iter().find(|turn| !turn.caller.reveal().is_empty()).expect("a turn");
        assert_eq!(turn.caller.reveal(), QUESTION, "{}", shop.id);
        hears_the_price(shop, &turns);
        let asked: Vec<Protocol> =
            far.sessions()[before..].iter().map(|session| session.protocol).collect();
        for protocol in protocols {
            assert!(
                asked.contains(&protocol),
                "{}: {protocol:?} was not asked: {asked:?}",
                shop.id
            );
        }
    }

    counts_what_each_vendor_did(&site, &shops[CASTS.len()], &far);

    // Every key is refused from now on: the local ones answer, and the caller is answered.
    for protocol in Protocol::ALL {
        let plan = Plan { rest: vec![Fault::Unauthorized], ..Plan::default() };
        far.set_plan(protocol, plan);
    }
    let shop = &shops[0];
    let turns = call(&site, shop, "refused").turns;
    hears_the_price(shop, &turns);
    let price = FactId::ServicePrice("cleaning".parse().expect("a slug"));
    assert!(turns.iter().any(|turn| turn.cites.contains(&price)), "the receptionist answered");
    site.engine.stop(Millis::ZERO);
}

fn shop((([recognizer, brain, voice], _), index): (&([&str; 3], [Protocol; 3]), u32)) -> Shop {
    Shop { vendors: vendors(&[*recognizer], &[*brain], &[*voice]), ..Shop::new(index) }
}

/// A call in which another brain and another voice take over: the record tells what each has used up.
fn counts_what_each_vendor_did(site: &Site, shop: &Shop, far: &FakeVendors) {
    let plan = |first: Vec<Fault>, rest| Plan { sessions: vec![first], rest, ..Plan::default() };
    far.set_plan(Protocol::OpenAiChat, plan(Vec::new(), vec![Fault::Unauthorized]));
    // The first voice breaks off in the middle of what it says.
    let broken = Fault::Drop { after: Millis::new(600) };
    far.set_plan(Protocol::Cartesia, plan(vec![broken], vec![Fault::Refuse]));
    let reply = format!("A cleaning is {}.", shop.price_words());
    far.replies().set_usual(Some(Reply::words(&reply)));
    let before = far.sessions().len();
    let question = || {
        let file = "first-3-cleaning.flac";
        Question { label: file.to_owned(), audio: recording(file, SampleRate::Hz8000) }
    };
    let mut steps = vec![Step::WaitForReply(GREETED)];
    steps.extend(ask(&question()));
    steps.extend(ask(&question()));
    steps.push(Step::HangUp);
    let plan = support::rings::plan(&site.engine, &shop.number, "counted", steps);
    ring(plan, |_| ()).join().expect("a call that ends");
    let record = site.record(&shop.id, "counted").0;
    far.replies().set_usual(None);

    let sessions = &far.sessions()[before..];
    let share = |duty, name: &str| -> VendorUsage {
        let vendor: VendorName = name.parse().expect("a name");
        let same = |share: &&VendorShare| share.duty == duty && share.vendor == vendor;
        record.vendors.iter().find(same).unwrap_or_else(|| panic!("{name}: {record:#?}")).usage
    };
    let of = |protocol| sessions.iter().filter(move |session| session.protocol == protocol);
    // As the far side counts: a quarter of the bytes it was sent, and each word with what frames them.
    let asked: Vec<u64> =
        of(Protocol::OpenAiChat).flat_map(|s| &s.texts).map(|text| text.len() as u64 / 4).collect();
    let words = reply.split(' ').count() as u64;
    let first = share(VendorDuty::Brain, "openai");
    assert_eq!(first.tokens_in, exact(asked[0]), "the refused request is not billed");
    assert_eq!(first.tokens_out, exact(words + 1));
    assert_eq!(first.requests.exact, of(Protocol::OpenAiChat).count() as u64);
    let second = share(VendorDuty::Brain, "anthropic");
    assert!(0 < second.tokens_in.exact && second.tokens_in.estimated == 0, "{second:?}");
    assert_eq!(second.tokens_out, exact(words + 1));
    // The first voice was given all of the first reply, the second what was left of it and the next.
    let (broke_off, went_on) =
        (share(VendorDuty::Voice, "cartesia"), share(VendorDuty::Voice, "elevenlabs"));
    assert_eq!(broke_off.characters, exact(reply.len() as u64));
    let left = went_on.characters.exact - reply.len() as u64;
    assert!(0 < left && left < reply.len() as u64, "{went_on:?}");
    let ear = share(VendorDuty::Recognizer, "deepgram");
    let heard: u64 = of(Protocol::DeepgramNova).map(|session| session.audio_bytes / 8).sum();
    assert!(ear.audio_ms.exact.abs_diff(heard) <= 100, "{ear:?} {heard}");
    let lasted = u64::from(record.duration.get());
    assert!(ear.connected_ms.exact <= lasted && lasted < ear.connected_ms.exact + 2_000, "{ear:?}");
    assert_eq!(record.vendors.len(), 5, "nobody else: {:?}", record.vendors);
}

const fn exact(exact: u64) -> Count {
    Count { exact, estimated: 0 }
}

/// Rings `shop`, asks what is recorded, and gives back the record.
fn call(site: &Site, shop: &Shop, how: &str) -> CallRecord {
    let file = "first-3-cleaning.flac";
    let question = Question { label: file.to_owned(), audio: recording(file, SampleRate::Hz8000) };
    let Question { label, audio } = question;
    let steps = vec![
        Step::WaitForReply(GREETED),
        Step::Say { audio, label },
        Step::WaitForReply(PATIENT),
        Step::HangUp,
    ];
    let name = format!("{}-{how}", shop.id);
    let plan = plan(&site.engine, &shop.number, &name, steps);
    ring(plan, |_| ()).join().expect("a call that ends");
    site.record(&shop.id, &name).0
}

/// Fails unless the caller heard the price.
fn hears_the_price(shop: &Shop, turns: &[TurnRecord]) {
    let words = normalized(&shop.price_words());
    let told = turns.iter().any(|turn| contains(&normalized(turn.heard.reveal()), &words));
    assert!(told, "{} does not tell {}: {turns:#?}", shop.id, shop.price_words());
}
