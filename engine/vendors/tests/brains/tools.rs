//! Tools in the middle of a call.

use fake_vendors::chat::Reply;
use fake_vendors::tools::{FakeTools, ToolAnswer};
use types::{
    Effect, LegAbilities, Millis, ToolMethod, ToolOnCancel, ToolRepeat, ToolSpec, Urgency,
};
use vendor::BrainEvent;
use vendors::brains::tools::guard::Guard;
use vendors::brains::tools::sign::signature;

use crate::world::{KINDS, Kind, SECRET, Setup, World};

fn slots(url: String) -> ToolSpec {
    ToolSpec {
        name: "free_slots".into(),
        description: "Free times on a day.".into(),
        parameters: "{\"type\":\"object\",\"properties\":{\"day\":{\"type\":\"string\"}},\
                     \"required\":[\"day\"]}"
            .into(),
        url,
        method: ToolMethod::Post,
        secret_env: Some("TOOL_SECRET_TEST".into()),
        deadline: Millis::new(1_000),
        repeat: ToolRepeat::Idempotent,
        filler: Some("Let me look at the book.".into()),
        on_cancel: ToolOnCancel::Abort,
    }
}

fn booking(url: String) -> ToolSpec {
    ToolSpec {
        name: "book".into(),
        repeat: ToolRepeat::Once,
        on_cancel: ToolOnCancel::Finish,
        filler: None,
        ..slots(url)
    }
}

fn with(tools: Vec<ToolSpec>) -> Setup {
    Setup { tools, ..Setup::default() }
}

#[tokio::test]
async fn a_tools_result_is_spoken_and_its_figures_are_grounded() {
    for kind in KINDS {
        let server = FakeTools::start().await.unwrap();
        let mut world = World::new(kind, with(vec![slots(server.url("/slots"))])).await;
        server.set_answers([ToolAnswer::says("{\"slots\":[\"14:20\"]}")]);
        world.script([
            Reply::words("Let me see.").calling("free_slots", "{\"day\":\"friday\"}"),
            Reply::words("You can come at 2:20 PM."),
        ]);
        let told = world.say("Do you have a time on Friday?").await;
        assert_eq!(told.text, "Let me see. You can come at 2:20 PM.", "{kind:?} {:?}", told.error);
        assert!(1 <= told.pauses, "what was said is spoken while the tool works");
        let requests = server.requests();
        assert_eq!(requests.len(), 1);
        let request = &requests[0];
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["arguments"]["day"], "friday");
        assert_eq!((&request.method[..], &request.path[..]), ("POST", "/slots"));
        let timestamp = request.header("x-apex-timestamp").unwrap().parse().unwrap();
        let expected = signature(SECRET, timestamp, request.body.as_bytes());
        assert_eq!(request.header("x-apex-signature"), Some(expected.as_str()));
        // The next turn knows what the tool said, because it was heard.
        world.script([Reply::words("Yes, 2:20 PM.")]);
        let told = world.say("That one is free?").await;
        assert_eq!(told.text, "Yes, 2:20 PM.");
        let last = world.requests().last().unwrap()["messages"].to_string();
        assert!(last.contains("14:20"), "{last}");
    }
}

#[tokio::test]
async fn calls_run_side_by_side_and_a_slow_tool_is_covered_by_words() {
    for kind in KINDS {
        let server = FakeTools::start().await.unwrap();
        let mut world = World::new(kind, with(vec![slots(server.url("/slots"))])).await;
        let slow = |body: &str| ToolAnswer::Says {
            status: 200,
            body: body.into(),
            after: Millis::new(350),
        };
        server.set_answers([slow("[]"), slow("[]")]);
        world.script([
            Reply::words("")
                .calling("free_slots", "{\"day\":\"friday\"}")
                .calling("free_slots", "{\"day\":\"monday\"}"),
            Reply::words("Neither day has room."),
        ]);
        let told = world.say("Friday or Monday?").await;
        assert!(told.text.starts_with("Let me look at the book."), "{kind:?} {}", told.text);
        assert!(told.text.ends_with("Neither day has room."), "{}", told.text);
        assert_eq!(server.requests().len(), 2);
        assert!(told.over.as_millis() < 650, "side by side: {:?}", told.over);
        assert!(told.first.unwrap().as_millis() < 300, "a word meanwhile: {:?}", told.first);
    }
}

#[tokio::test]
async fn what_changes_something_waits_until_the_caller_hears_the_reply() {
    for kind in KINDS {
        let server = FakeTools::start().await.unwrap();
        let mut world = World::new(kind, with(vec![booking(server.url("/book"))])).await;
        world.script([
            Reply::words("").calling("book", "{\"day\":\"friday\"}"),
            Reply::words("Booked."),
        ]);
        let generation = world.ask("Book Friday");
        // The filler is there, and nobody has heard it.
        let mut seen = Vec::new();
        while seen.len() < 3 {
            let event = world.events.recv().await.unwrap();
            let name = match event {
                BrainEvent::Text { .. } => "words",
                BrainEvent::Pause { .. } => "pause",
                BrainEvent::Understood { .. }
                | BrainEvent::Effect { .. }
                | BrainEvent::Done { .. }
                | BrainEvent::Failed { .. } => "end",
            };
            seen.push(name);
        }
        assert_eq!(seen, ["pause", "words", "pause"], "{kind:?}");
        assert_eq!(server.requests().len(), 0, "nothing is done for a turn that may go on");
        world.session.commit(generation);
        let told = world.told(generation).await;
        assert_eq!(told.text, "Booked.");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_cancelled_turn_changes_nothing() {
    for kind in KINDS {
        let server = FakeTools::start().await.unwrap();
        let mut world = World::new(kind, with(vec![booking(server.url("/book"))])).await;
        world.script([
            Reply::words("").calling("book", "{\"day\":\"friday\"}"),
            Reply::words("I did nothing yet."),
        ]);
        let generation = world.ask("Book Friday");
        while !matches!(world.events.recv().await.unwrap(), BrainEvent::Text { .. }) {}
        world.session.cancel(generation);
        while world.events.try_recv().is_ok() {}
        let told = world.say("no, wait").await;
        assert_eq!(told.text, "I did nothing yet.", "{kind:?}");
        assert_eq!(server.requests().len(), 0);
    }
}

#[tokio::test]
async fn what_was_begun_is_finished_and_known_although_its_words_went_unheard() {
    for kind in KINDS {
        let server = FakeTools::start().await.unwrap();
        let mut world = World::new(kind, with(vec![booking(server.url("/book"))])).await;
        let body = "{\"booked\":\"friday\"}".to_owned();
        server.set_answers([ToolAnswer::Says { status: 200, body, after: Millis::new(200) }]);
        world.script([Reply::words("I book that.").calling("book", "{\"day\":\"friday\"}")]);
        let generation = world.ask("Book Friday");
        world.session.commit(generation);
        while server.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        world.session.cancel(generation);
        while world.events.try_recv().is_ok() {}
        // A second later, as it were: until the tool has answered, its result is unknown.
        let known = async {
            loop {
                world.script([Reply::words("All right.")]);
                world.say("hello?").await;
                let last = world.requests().last().unwrap()["messages"].to_string();
                if last.contains("booked") {
                    return last;
                }
            }
        };
        let last = tokio::time::timeout(std::time::Duration::from_secs(10), known).await.unwrap();
        assert!(last.contains("Done earlier in this call"), "{kind:?} {last}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn the_same_booking_twice_in_a_turn_is_one_booking() {
    let server = FakeTools::start().await.unwrap();
    let mut world = World::new(Kind::OpenAi, with(vec![booking(server.url("/book"))])).await;
    let again = || Reply::words("I book that.").calling("book", "{\"day\":\"friday\"}");
    world.script([again(), again(), Reply::words("Done.")]);
    world.say("Book Friday").await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_tool_that_fails_is_told_to_the_model_and_not_to_the_caller() {
    let forbidden = Guard::default();
    let opened = || Guard::new(vec!["127.0.0.1".parse().unwrap()]);
    let late = ToolAnswer::Hangs;
    let long = ToolAnswer::says(&"x".repeat(20_000));
    let taken = ToolAnswer::Says { status: 409, body: "taken".into(), after: Millis::ZERO };
    let broken = || ToolAnswer::Says { status: 500, body: "stack".into(), after: Millis::ZERO };
    let elsewhere = ToolAnswer::Redirects { to: "http://127.0.0.1:1/".into() };
    let repeats = ToolRepeat::Idempotent;
    for (guard, repeat, answers, told, asked) in [
        (forbidden, repeats, vec![], "not available right now", 0),
        (opened(), repeats, vec![late], "no answer in time", 1),
        (opened(), repeats, vec![long], "not available right now", 1),
        (opened(), repeats, vec![taken], "taken", 1),
        (opened(), repeats, vec![broken(), broken()], "not available right now", 2),
        (opened(), repeats, vec![broken(), ToolAnswer::says("[\"ten\"]")], "ten", 2),
        (opened(), repeats, vec![ToolAnswer::Breaks, ToolAnswer::says("[\"ten\"]")], "ten", 2),
        (opened(), ToolRepeat::Once, vec![broken()], "not available right now", 1),
        (opened(), repeats, vec![elsewhere.clone(), elsewhere], "not available right now", 2),
    ] {
        let server = FakeTools::start().await.unwrap();
        let spec = ToolSpec { repeat, deadline: Millis::new(500), ..slots(server.url("/x")) };
        let setup = Setup { guard, ..with(vec![spec]) };
        let mut world = World::new(Kind::OpenAi, setup).await;
        server.set_answers(answers.clone());
        let calling = Reply::words("I look.").calling("free_slots", "{\"day\":\"friday\"}");
        world.script([calling, Reply::words("I see.")]);
        let reply = world.say("Friday?").await;
        assert_eq!(reply.error, None, "{answers:?}");
        assert!(reply.text.ends_with("I see."), "{answers:?} {}", reply.text);
        let result = world.requests()[1]["messages"].to_string();
        assert!(result.contains(told), "{answers:?} {result}");
        assert!(!result.contains("stack"), "{result}");
        assert_eq!(server.requests().len(), asked, "{answers:?}");
    }
}

#[tokio::test]
async fn arguments_that_do_not_fit_never_reach_the_tool() {
    let server = FakeTools::start().await.unwrap();
    let mut world = World::new(Kind::OpenAi, with(vec![slots(server.url("/x"))])).await;
    world.script([
        Reply::words("I look.").calling("free_slots", "{\"date\":3}").calling("nonsense", "{}"),
        Reply::words("I see."),
    ]);
    world.say("Friday?").await;
    let result = world.requests()[1]["messages"].to_string();
    assert!(result.contains("day is missing") && result.contains("no such tool"), "{result}");
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn arguments_go_into_the_query_of_a_get() {
    let server = FakeTools::start().await.unwrap();
    let spec = ToolSpec { method: ToolMethod::Get, ..slots(server.url("/x?k=1")) };
    let mut world = World::new(Kind::OpenAi, with(vec![spec])).await;
    world.script([
        Reply::words("I look.").calling("free_slots", "{\"day\":\"a & b\"}"),
        Reply::words("I see."),
    ]);
    world.say("Friday?").await;
    let request = &server.requests()[0];
    assert_eq!((&request.method[..], &request.path[..]), ("GET", "/x?k=1&day=a+%26+b"));
    let timestamp = request.header("x-apex-timestamp").unwrap().parse().unwrap();
    let expected = signature(SECRET, timestamp, b"k=1&day=a+%26+b");
    assert_eq!(request.header("x-apex-signature"), Some(expected.as_str()));
}

#[tokio::test]
async fn a_message_is_kept_with_a_number_that_was_given() {
    for kind in KINDS {
        let mut world = World::new(kind, Setup::default()).await;
        let message = |number: &str| {
            let arguments = serde_json::json!({ "name": "Ada", "number": number,
                "reason": "a filling", "urgent": true });
            Reply::words("").calling("take_message", &arguments.to_string())
        };
        world.script([message("2125550177"), message("5550123"), Reply::words("I have that.")]);
        world.say("It's Ada about a filling, five five five").await;
        let told = world.say("oh one two three").await;
        let refused = world.requests()[1]["messages"].to_string();
        assert!(refused.contains("gave no such number"), "{refused}");
        assert_eq!(told.effects, [], "{kind:?}: the first turn ended without one");
        world.script([message("5550123"), Reply::words("I have that.")]);
        let told = world.say("yes").await;
        let [Effect::TakeMessage(message)] = &told.effects[..] else { panic!("{told:?}") };
        assert_eq!(message.number.reveal(), "5550123");
        assert_eq!(message.urgency, Urgency::Urgent);
        assert_eq!(told.text, "I have that.");
    }
}

#[tokio::test]
async fn a_leg_that_cannot_transfer_offers_none_and_says_why() {
    let setup = Setup { abilities: LegAbilities::NONE, ..Setup::default() };
    let mut world = World::new(Kind::OpenAi, setup).await;
    world.script([
        Reply::words("").calling("transfer_call", "{}").calling("press_keys", "{\"keys\":\"1\"}"),
        Reply::words("I cannot connect you. May I take a message?"),
    ]);
    let told = world.say("a person please").await;
    assert_eq!(told.effects, []);
    let requests = world.requests();
    let tools = requests[0]["tools"].to_string();
    assert!(!tools.contains("transfer_call") && !tools.contains("press_keys"), "{tools}");
    let result = requests[1]["messages"].to_string();
    assert_eq!(result.matches("unsupported").count(), 2, "{result}");

    let mut world = World::new(Kind::OpenAi, Setup::default()).await;
    world.script([Reply::words("I connect you.").calling("transfer_call", "{}")]);
    let told = world.say("a person please").await;
    assert!(matches!(told.effects[..], [Effect::Transfer { .. }]), "{told:?}");
    world.script([
        Reply::words("").calling("press_keys", "{\"keys\":\"12#\"}"),
        Reply::words("Done."),
    ]);
    let told = world.say("press one two").await;
    assert!(matches!(told.effects[..], [Effect::PressKeys { .. }]), "{told:?}");
}
