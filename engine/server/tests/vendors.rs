//! Whole calls with vendors behind sockets: each protocol once, then all of them failing.

mod support;

use std::collections::BTreeMap;

use caller::{Question, Step};
use fake_vendors::chat::Reply;
use fake_vendors::{FakeVendors, Fault, Options, Plan, Protocol, Words};
use server::score::{contains, normalized};
use server::vendors::Environment;
use support::rings::{GREETED, PATIENT, plan, ring};
use support::shop::{Shop, vendors};
use support::{Site, recording};
use types::{FactId, Millis, SampleRate, TurnRecord};

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
    let shops: Vec<Shop> = CASTS.iter().zip(0..).map(shop).collect();
    let site = Site::start_with("vendors", &shops, environment(&far));

    for (shop, (_, protocols)) in shops.iter().zip(CASTS) {
        far.replies().set([Reply::words(&format!("A cleaning is {}.", shop.price_words()))]);
        let before = far.sessions().len();
        let turns = call(&site, shop, "well");
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

    // Every key is refused from now on: the local ones answer, and the caller is answered.
    for protocol in Protocol::ALL {
        let plan = Plan { rest: vec![Fault::Unauthorized], ..Plan::default() };
        far.set_plan(protocol, plan);
    }
    let shop = &shops[0];
    let turns = call(&site, shop, "refused");
    hears_the_price(shop, &turns);
    let price = FactId::ServicePrice("cleaning".parse().expect("a slug"));
    assert!(turns.iter().any(|turn| turn.cites.contains(&price)), "the receptionist answered");
    site.engine.stop(Millis::ZERO);
}

fn shop((([recognizer, brain, voice], _), index): (&([&str; 3], [Protocol; 3]), u32)) -> Shop {
    Shop { vendors: vendors(&[*recognizer], &[*brain], &[*voice]), ..Shop::new(index) }
}

fn environment(far: &FakeVendors) -> Environment {
    let (base, wyoming) = (far.base_url(), far.wyoming_url());
    let key = || "a-key-for-tests".to_owned();
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for name in ["DEEPGRAM", "ANTHROPIC", "ELEVENLABS", "CARTESIA", "OPENAI"] {
        variables.insert(format!("{name}_API_KEY"), key());
        variables.insert(format!("{name}_BASE_URL"), base.clone());
    }
    variables.insert("OPENAI_BASE_URL".into(), format!("{base}/v1"));
    variables.insert("WYOMING_STT_URL".into(), wyoming.clone());
    variables.insert("WYOMING_TTS_URL".into(), wyoming);
    Environment::new(move |name| variables.get(name).cloned())
}

/// Rings `shop`, asks what is recorded, and gives back the turns of the record.
fn call(site: &Site, shop: &Shop, how: &str) -> Vec<TurnRecord> {
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
    site.record(&shop.id, &name).0.turns
}

/// Fails unless the caller heard the price.
fn hears_the_price(shop: &Shop, turns: &[TurnRecord]) {
    let words = normalized(&shop.price_words());
    let told = turns.iter().any(|turn| contains(&normalized(turn.heard.reveal()), &words));
    assert!(told, "{} does not tell {}: {turns:#?}", shop.id, shop.price_words());
}
