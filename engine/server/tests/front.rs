//! The front door against a carrier that does what a test says: which webhooks are believed, what is
//! ordered for them and how often, and what happens when the carrier does not do it.

mod support;

use std::time::Duration;

use serde_json::json;
use server::engine::{Engine, Given};
use support::raw::block_on;
use support::shop::Shop;
use support::stub::{CONNECTION, Says, Stub, deliver, post, rings, signing_key, unix_now, webhook};
use support::{SOON, Site, holds_within, wait_for};
use types::{EndReason, Secret};
use wire::telnyx::signature::{SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER};

/// Long enough for something that must not happen to happen.
const WHILE: Duration = Duration::from_millis(400);

/// What an acknowledgement may take; measured at the client, on a machine that does other things.
const ACK_MAX: Duration = Duration::from_millis(50);

/// What it is, its two headers, its body, and the status it is refused with.
type Bait<'a> = (&'a str, Option<String>, Option<String>, &'a str, u16);

fn settings(stub: &Stub) -> String {
    let key = signing_key().public_key().to_base64();
    let other = SigningKey::from_seed(&[8; 32]).public_key().to_base64();
    format!(
        r#"
[media]
access = "token"
[front]
listen = "127.0.0.1:0"
public_url = "https://hooks.example.net"
media_url = "ws://127.0.0.1:1"
public_keys = ["{other}", "{key}"]
api_url = "{}"
connections = ["{CONNECTION}"]
answer_wait_ms = 5000
socket_wait_ms = 500
stream_gap_ms = 50
hang_up_wait_ms = 500
sweep_s = 1
[limits]
calls_max = 2
"#,
        stub.url
    )
}

#[test]
fn a_front_door_keeps_its_order_whatever_comes() {
    let [first, second, third] = [0, 1, 2].map(Shop::new);
    let limits = "calls_max = 1\noverflow = \"message\"".to_owned();
    let shops = [first, second, Shop { limits, ..third }];
    let stub = Stub::start();
    let site = Site::start("front", &shops, &settings(&stub));
    believes_only_the_carrier(&site, &stub);
    understands_both_envelopes(&site, &stub, &shops[0]);
    answers_once(&site, &stub, &shops[0]);
    refuses_politely(&site, &stub, &shops[1]);
    tells_no_more_than_it_may(&site, &stub, &shops[2]);
    orders_the_stream(&site, &stub, &shops[0]);
    gives_up_silence(&site, &stub, &shops[0]);
    tries_again(&site, &stub, &shops[0]);
    acknowledges_while_the_carrier_is_stuck(&site, &stub, &shops[0]);
    sweeps(&site, &stub);
    writes_documents(&site, &shops[1]);
    remembers_across_restarts(site, &stub, &shops[0]);
}

#[test]
fn a_missing_key_is_said_by_its_name_before_anything_starts() {
    let stub = Stub::start();
    let config = server::config::EngineConfig::checked("mine.toml", &settings(&stub));
    let config = config.expect("sound settings");
    let told = Engine::start(config.clone(), Given::default()).expect_err("no key");
    assert!(told.to_string().contains("APEX_TELNYX_API_KEY"), "{told}");
    let broken = Some(Secret::new("KEY\nwith a line break".to_owned()));
    let told = Engine::start(config, Given { api_key: broken, ..Given::default() });
    assert!(told.expect_err("no key at all").to_string().contains("APEX_TELNYX_API_KEY"));
}

fn door(site: &Site) -> std::net::SocketAddr {
    site.engine.front.expect("an open front door")
}

fn ack(site: &Site, body: &str) {
    let (status, took) = block_on(deliver(door(site), body));
    assert_eq!(status, 200, "{body}");
    assert!(took < SOON, "{took:?}");
}

fn hang_up(site: &Site, leg: &str) {
    ack(site, &webhook("call.hangup", &format!("end-of-{leg}"), leg, &json!({})));
}

fn believes_only_the_carrier(site: &Site, stub: &Stub) {
    let body = rings("bait", "v3:bait", "+12125550100");
    let now = unix_now();
    let key = signing_key();
    let forger = SigningKey::from_seed(&[9; 32]);
    let stamped = |by: &SigningKey, at: u64, body: &str| {
        (at.to_string(), by.sign(&at.to_string(), body.as_bytes()))
    };
    let (stamp, good) = stamped(&key, now, &body);
    let spaced = body.replace("\":", "\": ");
    let cases: Vec<Bait<'_>> = vec![
        ("no headers", None, None, &body, 400),
        ("no signature", Some(stamp.clone()), None, &body, 400),
        ("no time stamp", None, Some(good.clone()), &body, 400),
        ("no number", Some("soon".into()), Some(good.clone()), &body, 400),
        ("no whole number", Some(format!("{now}.5")), Some(good.clone()), &body, 400),
        ("before its time", Some("-1".into()), Some(good.clone()), &body, 400),
        ("beyond all time", Some("9".repeat(30)), Some(good.clone()), &body, 400),
        ("no time", Some(String::new()), Some(good.clone()), &body, 400),
        ("no base64", Some(stamp.clone()), Some("%%%".into()), &body, 400),
        ("too short", Some(stamp.clone()), Some("AAAA".into()), &body, 400),
        ("another's key", Some(stamp.clone()), Some(stamped(&forger, now, &body).1), &body, 401),
        ("another time stamp", Some((now - 1).to_string()), Some(good.clone()), &body, 401),
        ("written again", Some(stamp.clone()), Some(good.clone()), &spaced, 401),
        ("cut short", Some(stamp.clone()), Some(good.clone()), &body[..body.len() - 1], 401),
        (
            "stale",
            Some((now - 302).to_string()),
            Some(stamped(&key, now - 302, &body).1),
            &body,
            401,
        ),
        (
            "early",
            Some((now + 320).to_string()),
            Some(stamped(&key, now + 320, &body).1),
            &body,
            401,
        ),
    ];
    let counted = |name: &str| site.count(name);
    let before = counted("apex_webhooks_forged_total") + counted("apex_webhooks_stale_total");
    let rows = cases.len() as u64;
    for (case, stamp, signature, body, expected) in cases {
        let mut headers = Vec::new();
        if let Some(signature) = &signature {
            headers.push((SIGNATURE_HEADER, signature.as_str()));
        }
        if let Some(stamp) = &stamp {
            headers.push((TIMESTAMP_HEADER, stamp.as_str()));
        }
        let sent = post(door(site), "/webhooks/telnyx", &headers, body.as_bytes().to_vec());
        assert_eq!(block_on(sent).0, expected, "{case}");
    }
    let after = counted("apex_webhooks_forged_total") + counted("apex_webhooks_stale_total");
    assert_eq!(after - before, rows);
    assert_eq!(counted("apex_webhooks_stale_total"), 2);
    // Too large: refused before anybody looks at its signature, good or none.
    let large = vec![b' '; 65_537];
    assert_eq!(block_on(post(door(site), "/webhooks/telnyx", &[], large.clone())).0, 413);
    assert_eq!(block_on(signed(site, &key, unix_now(), &large)), 413);
    assert_eq!(block_on(post(door(site), "/elsewhere", &[], Vec::new())).0, 404);
    let url = format!("http://{}/webhooks/telnyx", door(site));
    assert_eq!(block_on(reqwest::get(url)).expect("an answer").status(), 405);
    understands_what_it_can(site);
    assert!(stub.verbs_of("v3:bait").is_empty(), "no bait was taken");
}

/// Posts this body, signed by `key` at `at`.
async fn signed(site: &Site, key: &SigningKey, at: u64, body: &[u8]) -> u16 {
    let stamp = at.to_string();
    let signature = key.sign(&stamp, body);
    let headers = [(SIGNATURE_HEADER, signature.as_str()), (TIMESTAMP_HEADER, stamp.as_str())];
    post(door(site), "/webhooks/telnyx", &headers, body.to_vec()).await.0
}

/// What is signed is acknowledged, or it would come again: by either of two keys, as far off as the
/// clocks may be, and whatever is in it.
fn understands_what_it_can(site: &Site) {
    let counted = |name: &str| site.count(name);
    let (key, now) = (signing_key(), unix_now());
    let body = |id: &str| webhook("call.bridged", id, "v3:odd", &json!({}));
    let other = SigningKey::from_seed(&[8; 32]);
    for (case, key, at) in [
        ("the key before the change", &other, now),
        ("the key after it", &key, now),
        ("almost stale", &key, now - 295),
        ("almost early", &key, now + 295),
    ] {
        let body = body(&format!("odd-{case}"));
        assert_eq!(block_on(signed(site, key, at, body.as_bytes())), 200, "{case}");
    }
    let debug = json!({"metadata": {"event": {"payload": {}}}, "name": "call.initiated"});
    let no_id = json!({"data": {"event_type": "call.initiated", "payload": {}}}).to_string();
    let nothings: [(&str, Vec<u8>); 8] = [
        ("no object in it", b"{\"data\": 7}".to_vec()),
        ("nothing at all", Vec::new()),
        ("a list", b"[1, 2]".to_vec()),
        ("cut short", body("odd-short").as_bytes()[..60].to_vec()),
        (
            "not UTF-8",
            b"{\"data\": {\"event_type\": \"call.initiated\xff\", \"id\": \"x\"}}".to_vec(),
        ),
        ("as deep as can be", [vec![b'['; 20_000], vec![b']'; 20_000]].concat()),
        ("a record of the portal", debug.to_string().into_bytes()),
        ("no id", no_id.into_bytes()),
    ];
    let before = counted("apex_webhooks_bad_total");
    for (n, (case, body)) in (1..).zip(&nothings) {
        assert_eq!(block_on(signed(site, &key, unix_now(), body)), 200, "{case}");
        assert_eq!(counted("apex_webhooks_bad_total"), before + n, "{case}");
    }
    // Of no leg, of an event nobody knows, of numbers that are none: known, and nothing follows.
    let legless = json!({"data": {"event_type": "call.initiated", "id": "odd-3", "payload": {}}});
    ack(site, &legless.to_string());
    ack(site, &webhook("call.initiated", "odd-4", "v3:odd-4", &json!({"direction": 3, "to": {}})));
    ack(site, &webhook("call.teleported", "odd-1", "v3:odd", &json!({})));
    wait_for("unknown events are counted", SOON, || counted("apex_webhooks_unknown_total") == 1);
}

fn understands_both_envelopes(site: &Site, stub: &Stub, shop: &Shop) {
    let flat = json!({
        "record_type": "event", "id": "flat-1", "event_type": "call_initiated",
        "created_at": "2026-03-02T10:11:12.131415Z",
        "payload": {"call_control_id": "v3:flat", "connection_id": CONNECTION,
                    "direction": "incoming", "from": "+12125550199", "to": shop.number},
    });
    ack(site, &flat.to_string());
    wait_for("an answer", SOON, || stub.verbs_of("v3:flat") == ["answer"]);
    hang_up(site, "v3:flat");
}

fn answers_once(site: &Site, stub: &Stub, shop: &Shop) {
    // The same event four times, and the same leg under another event's name.
    for id in ["ring-1", "ring-1", "ring-1", "ring-1b", "ring-1"] {
        ack(site, &rings(id, "v3:once", &shop.number));
    }
    wait_for("an answer", SOON, || !stub.verbs_of("v3:once").is_empty());
    assert!(!holds_within(WHILE, || 1 < stub.verbs_of("v3:once").len()));
    hang_up(site, "v3:once");
    // Its end came first: it is not answered any more.
    hang_up(site, "v3:late");
    ack(site, &rings("ring-2", "v3:late", &shop.number));
    // Legs that we, or a transfer, set up; of no known direction; of another application.
    for (leg, extra) in [
        ("v3:out", json!({"direction": "outgoing", "to": shop.number})),
        ("v3:none", json!({"to": shop.number})),
        ("v3:alien", json!({"direction": "incoming", "to": shop.number, "connection_id": "9"})),
    ] {
        ack(site, &webhook("call.initiated", leg, leg, &extra));
    }
    // An answer nobody here gave.
    ack(site, &webhook("call.answered", "odd-2", "v3:stranger", &json!({"to": shop.number})));
    let untouched = ["v3:late", "v3:out", "v3:none", "v3:alien", "v3:stranger"];
    let touched = || untouched.iter().any(|leg| !stub.verbs_of(leg).is_empty());
    assert!(!holds_within(WHILE, touched), "one of {untouched:?} was answered");
    assert_eq!(site.count("apex_webhooks_foreign_total"), 1);
}

fn refuses_politely(site: &Site, stub: &Stub, shop: &Shop) {
    ack(site, &rings("ring-3", "v3:nobody", "+12125559999"));
    wait_for("a refusal", SOON, || stub.verbs_of("v3:nobody") == ["reject"]);
    assert_eq!(stub.asked_of("v3:nobody")[0].body["cause"], "NOT_FOUND");
    // Two calls fit.
    for n in 0..4 {
        ack(site, &rings(&format!("full-{n}"), &format!("v3:full-{n}"), &shop.number));
    }
    let verbs = |n: usize| stub.verbs_of(&format!("v3:full-{n}"));
    wait_for("two answers, two refusals", SOON, || (0..4).all(|n| !verbs(n).is_empty()));
    for n in 0..4 {
        let expected = if n < 2 { "answer" } else { "reject" };
        assert_eq!(verbs(n)[0], expected);
    }
    assert_eq!(stub.asked_of("v3:full-2")[0].body["cause"], "USER_BUSY");
    for n in 0..4 {
        hang_up(site, &format!("v3:full-{n}"));
    }
}

/// A rush of one business's callers is told that there is no place, up to a number; then refused.
fn tells_no_more_than_it_may(site: &Site, stub: &Stub, shop: &Shop) {
    const TOLD_MAX: usize = 64;
    let legs: Vec<String> = (0..TOLD_MAX + 3).map(|n| format!("v3:rush-{n}")).collect();
    for leg in &legs {
        ack(site, &rings(leg, leg, &shop.number));
    }
    let answered = || {
        let verbs: Vec<Vec<String>> = legs.iter().map(|leg| stub.verbs_of(leg)).collect();
        verbs.iter().all(|verbs| !verbs.is_empty()).then_some(verbs)
    };
    wait_for("an order for each", SOON, || answered().is_some());
    for (n, verbs) in answered().expect("just seen").iter().enumerate() {
        // The first has the place.
        let expected = if n <= TOLD_MAX { "answer" } else { "reject" };
        assert_eq!(verbs[0], expected, "caller {n}");
    }
    assert_eq!(stub.asked_of(&legs[TOLD_MAX + 1])[0].body["cause"], "USER_BUSY");
    let state = stub.asked_of(&legs[1])[0].body["client_state"].clone();
    ack(site, &webhook("call.answered", "rush-up", &legs[1], &json!({"client_state": state})));
    wait_for("words", SOON, || stub.verbs_of(&legs[1]) == ["answer", "speak"]);
    let spoken = stub.asked_of(&legs[1])[1].body.clone();
    assert_eq!(spoken["voice"], "female");
    assert_eq!(spoken["language"], "en-US");
    assert_eq!(spoken["command_id"], "v3:rush-1:0:speak:0");
    assert!(spoken["payload"].as_str().is_some_and(|text| text.contains("busy right now")));
    for leg in &legs {
        hang_up(site, leg);
    }
    wait_for("no leg is left", SOON, || site.engine.node.legs_live() == 0);
}

fn orders_the_stream(site: &Site, stub: &Stub, shop: &Shop) {
    let leg = "v3:stream";
    ack(site, &rings("ring-4", leg, &shop.number));
    wait_for("an answer", SOON, || stub.verbs_of(leg) == ["answer"]);
    let answer = stub.asked_of(leg)[0].body.clone();
    assert_eq!(answer["command_id"], "v3:stream:0:answer:0");
    assert!(answer.get("stream_url").is_none(), "the answer is bare");
    ack(
        site,
        &webhook("call.answered", "up-4", leg, &json!({"client_state": answer["client_state"]})),
    );
    wait_for("a stream", SOON, || stub.verbs_of(leg).len() == 2);
    let order = stub.asked_of(leg)[1].body.clone();
    let expected = json!({
        "stream_track": "inbound_track", "stream_codec": "PCMU",
        "stream_bidirectional_mode": "rtp", "stream_bidirectional_codec": "PCMU",
        "stream_bidirectional_sampling_rate": 8000, "stream_bidirectional_target_legs": "self",
        "command_id": "v3:stream:0:streaming_start:1",
    });
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&order[key], value, "{key}");
    }
    let (url, token) = (order["stream_url"].as_str(), order["stream_auth_token"].as_str());
    let (url, token) = (url.expect("a URL"), token.expect("a token"));
    assert_eq!(url, format!("ws://127.0.0.1:1/media/telnyx/{token}"));
    assert_eq!(token.len(), 43, "256 bits");
    assert_eq!(order["client_state"], answer["client_state"]);
    hang_up(site, leg);
    let (record, _) = site.record(&shop.id, leg);
    assert_eq!((record.ended, record.turns.len()), (EndReason::CallerHungUp, 0));
    assert_eq!(stub.unauthorized(), 0, "every request shows the key");
}

fn gives_up_silence(site: &Site, stub: &Stub, shop: &Shop) {
    let leg = "v3:mute";
    ack(site, &rings("ring-5", leg, &shop.number));
    ack(site, &webhook("call.answered", "up-5", leg, &json!({})));
    // The carrier fails at once, then says nothing; no socket ever comes.
    ack(site, &webhook("streaming.failed", "failed-5", leg, &json!({"failure_reason": "no"})));
    wait_for("a hang-up", SOON, || stub.verbs_of(leg).contains(&"hangup".into()));
    let streams = stub.verbs_of(leg).iter().filter(|verb| *verb == "streaming_start").count();
    assert_eq!(streams, 3);
    let tokens: std::collections::HashSet<String> = stub
        .asked_of(leg)
        .iter()
        .filter_map(|asked| asked.body["stream_auth_token"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(tokens.len(), 3, "each stream has a token of its own");
    hang_up(site, leg);
    let (record, _) = site.record(&shop.id, leg);
    assert_eq!(record.ended, EndReason::MediaDead);
    assert_eq!(site.count("apex_legs_without_media_total"), 1);
}

fn tries_again(site: &Site, stub: &Stub, shop: &Shop) {
    let leg = "v3:again";
    stub.will_say("answer", [Says::Status(503, "10000"), Says::Nothing, Says::Wait("1")]);
    ack(site, &rings("ring-6", leg, &shop.number));
    wait_for("four attempts", SOON, || stub.asked_of(leg).len() == 4);
    let asked = stub.asked_of(leg);
    assert!(asked.iter().all(|asked| asked.body["command_id"] == "v3:again:0:answer:0"));
    let gap = |n: usize| asked[n].at.duration_since(asked[n - 1].at).as_millis();
    assert!((490..2_000).contains(&gap(2)), "no reply: {} ms", gap(2));
    assert!((990..3_000).contains(&gap(3)), "told to wait: {} ms", gap(3));
    hang_up(site, leg);
    // Refused for good: the leg is ended rather than left to ring.
    stub.will_say("answer", [Says::Status(422, "90102")]);
    stub.will_say("hangup", [Says::Status(422, "90018")]);
    ack(site, &rings("ring-7", "v3:refused", &shop.number));
    wait_for("a hang-up", SOON, || stub.verbs_of("v3:refused") == ["answer", "hangup"]);
    wait_for("no leg is left", SOON, || site.engine.node.legs_live() == 0);
}

fn acknowledges_while_the_carrier_is_stuck(site: &Site, stub: &Stub, shop: &Shop) {
    stub.will_say("answer", std::iter::repeat_n(Says::Nothing, 10));
    let mut took = Vec::new();
    block_on(async {
        for n in 0..2 {
            let leg = format!("v3:stuck-{n}");
            took.push(deliver(door(site), &rings(&leg, &leg, &shop.number)).await.1);
        }
        for n in 0..100 {
            let body = webhook("call.bridged", &format!("while-{n}"), "v3:stuck-0", &json!({}));
            took.push(deliver(door(site), &body).await.1);
        }
    });
    took.sort();
    let p95 = took[took.len() * 95 / 100];
    assert!(p95 < ACK_MAX, "p95 {p95:?}, worst {:?}", took[took.len() - 1]);
    for n in 0..2 {
        hang_up(site, &format!("v3:stuck-{n}"));
    }
    stub.will_say_nothing_else();
}

fn sweeps(site: &Site, stub: &Stub) {
    use base64::Engine;
    let state = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let call = types::CallId::new(5);
    let (ours, over) = (format!("apex1|call|{call}|apex"), format!("apex1|over|{call}|apex"));
    let (ours, over) = (state(&ours), state(&over));
    let (others, alien) = (state(&format!("apex1|call|{call}|node-b")), state("hello"));
    stub.set_active(&[
        ("v3:lost", Some(&ours)),
        ("v3:parked", None),
        ("v3:over", Some(&over)),
        ("v3:elsewhere", Some(&others)),
        ("v3:foreign", Some(&alien)),
    ]);
    wait_for("the lost are hung up", SOON, || {
        ["v3:lost", "v3:parked"].iter().all(|leg| stub.verbs_of(leg).contains(&"hangup".into()))
    });
    for leg in ["v3:over", "v3:elsewhere", "v3:foreign"] {
        assert!(stub.verbs_of(leg).is_empty(), "{leg} is not ours to end");
    }
    stub.set_active(&[]);
    assert!(2 <= site.count("apex_legs_swept_total"));
}

fn writes_documents(site: &Site, shop: &Shop) {
    let ask = |path: &str, form: String| {
        let stamp = unix_now().to_string();
        let signature = signing_key().sign(&stamp, form.as_bytes());
        let url = format!("http://{}{path}", door(site));
        block_on(async {
            let request = reqwest::Client::new()
                .post(url)
                .header(SIGNATURE_HEADER, signature)
                .header(TIMESTAMP_HEADER, stamp)
                .body(form);
            let response = request.send().await.expect("an answer");
            (response.status().as_u16(), response.text().await.expect("a document"))
        })
    };
    let to = shop.number.replace('+', "%2B");
    let (status, document) = ask("/texml", format!("CallSid=v3%3Adoc&From=%2B12125550199&To={to}"));
    assert_eq!(status, 200);
    for part in [
        "<Connect>",
        "url=\"ws://127.0.0.1:1/media/telnyx/",
        "bidirectionalMode=\"rtp\"",
        "<Parameter",
        "statusCallback=\"https://hooks.example.net/texml/stream\"",
        "<Hangup",
    ] {
        assert!(document.contains(part), "{part}\n{document}");
    }
    let (_, again) = ask("/texml", format!("CallSid=v3%3Adoc&From=%2B12125550199&To={to}"));
    assert!(again.contains("<Connect>") && again != document, "a token that still opens");
    let news = "CallSid=v3%3Adoc&StreamSid=s&StreamEvent=stream-stopped";
    assert_eq!(ask("/texml/stream", news.into()).0, 200);
    wait_for("the leg is over", SOON, || site.engine.node.legs_live() == 0);
    let (_, refusal) = ask("/texml", "CallSid=v3%3Adoc2&To=%2B12125559999".into());
    assert!(refusal.contains("<Reject"), "{refusal}");
    let unsigned = post(door(site), "/texml", &[], b"CallSid=v3%3Adoc3".to_vec());
    assert_eq!(block_on(unsigned).0, 400);
}

fn remembers_across_restarts(site: Site, stub: &Stub, shop: &Shop) {
    let leg = "v3:before";
    ack(&site, &rings("ring-8", leg, &shop.number));
    wait_for("an answer", SOON, || stub.verbs_of(leg) == ["answer"]);
    let site = site.restart();
    let before = site.count("apex_webhooks_duplicate_total");
    ack(&site, &rings("ring-8", leg, &shop.number));
    wait_for("a copy is known", SOON, || site.count("apex_webhooks_duplicate_total") == before + 1);
    let answers = || stub.verbs_of(leg).iter().filter(|verb| *verb == "answer").count();
    assert!(!holds_within(WHILE, || 1 < answers()), "answered by two processes");
    // What was answered by the process before is served by this one.
    let state = stub.asked_of(leg)[0].body["client_state"].clone();
    let extra = json!({"client_state": state, "to": shop.number});
    ack(&site, &webhook("call.answered", "up-8", leg, &extra));
    wait_for("a stream", SOON, || stub.verbs_of(leg).contains(&"streaming_start".into()));
    hang_up(&site, leg);
    wait_for("no leg is left", SOON, || site.engine.node.legs_live() == 0);
    site.engine.stop(types::Millis::ZERO);
}
