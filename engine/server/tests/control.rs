//! The control port: calls listed, looked at, ended; nothing told to who has no business there.

mod support;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use support::raw::{Raw, block_on};
use support::shop::Shop;
use support::{Site, wait_for};
use types::Millis;

/// Asks the control port of `site`, as this machine's operator.
async fn ask(
    site: &Site,
    method: Method,
    path: &str,
    header: Option<(&str, &str)>,
) -> (u16, Value) {
    let url = format!("http://{}{path}", site.engine.control);
    let mut request = reqwest::Client::new().request(method, url);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let response = request.send().await.expect("the control port answers");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a whole answer");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[test]
fn a_live_call_can_be_found_looked_at_and_ended() {
    server::listen::tls::install_provider();
    let shop = Shop::new(1);
    let site = Site::start("control", std::slice::from_ref(&shop), "");
    block_on(async {
        let get = async |path: &str| ask(&site, Method::GET, path, None).await;
        let (status, none) = get("/v1/calls").await;
        assert_eq!((status, &none["live"]), (200, &Value::from(0)), "{none}");

        let mut carrier = Raw::open(&site.engine).await;
        carrier.start(&shop.number, "leg-of-control").await;
        for _ in 0..10 {
            carrier.frame().await;
        }
        wait_for("the call", support::SOON, || site.engine.node.calls_live() == 1);
        let (_, list) = get("/v1/calls").await;
        let line = &list["calls"][0];
        assert_eq!(line["business"], shop.id.as_str(), "{list}");
        assert_eq!(line["from"], "+121••••••99", "the number is not told in full: {list}");
        assert!(!list.to_string().contains("5550199"), "{list}");

        let id = line["call"].as_str().expect("an id").to_owned();
        let (_, call) = get(&format!("/v1/calls/{id}")).await;
        assert_eq!(call["opening"]["carrier_call"], "leg-of-control", "{call}");
        assert_eq!(call["opening"]["format"], "PCMU 8000 Hz", "{call}");
        assert_eq!(call["turns"][0]["reply"], shop.greeting.as_str(), "{call}");
        assert_eq!(call["agent"], "front-desk");

        // What is not there, is not yours and is no id at all look the same.
        let nobodys = format!("/v1/calls/call_{}", "0".repeat(32));
        let foreign = format!("/v1/calls/{id}?business=somebody-else");
        let answers = [get(&nobodys).await, get(&foreign).await, get("/v1/calls/%2e%2e%2fx").await];
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(answers[0].0, StatusCode::NOT_FOUND.as_u16());
        let post = async |path: &str| ask(&site, Method::POST, path, None).await;
        assert_eq!(post(&format!("{nobodys}/hang-up")).await, answers[0]);
        assert_eq!(post(&format!("/v1/calls/{id}/hang-up?business=x")).await, answers[0]);

        // A page in a browser on this machine is not its operator.
        let page = Some(("origin", "http://evil.example"));
        let (status, _) = ask(&site, Method::GET, "/v1/calls", page).await;
        assert_eq!(status, 401);
        let rebound = Some(("host", "evil.example"));
        assert_eq!(ask(&site, Method::GET, "/v1/calls", rebound).await.0, 401);
        assert_eq!(get("/healthz").await.0, 200);

        let (_, businesses) = get("/v1/businesses").await;
        let price = &businesses["businesses"][&shop.id]["facts.services.cleaning.price"];
        assert_eq!(price, &Value::from(format!("{}.00 USD", shop.price)), "{businesses}");

        let (status, _) = post(&format!("/v1/calls/{id}/hang-up?manner=at-once")).await;
        assert_eq!(status, StatusCode::ACCEPTED.as_u16());
        carrier.closed().await;
        wait_for("the end", support::SOON, || site.engine.node.calls_live() == 0);
        assert_eq!(get(&format!("/v1/calls/{id}")).await, answers[0]);
    });
    let (record, _) = site.record(&shop.id, "leg-of-control");
    assert_eq!(record.ended, types::EndReason::Shutdown);
    site.engine.stop(Millis::ZERO);
}
