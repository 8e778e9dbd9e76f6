//! What is said: words, figures, memory, usage.

use fake_vendors::chat::Reply;
use types::{DialogueEntry, Effect, Expect, Heard, Pii, TurnId};

use vendors::brains::openai::Dialect;

use crate::world::{KINDS, Kind, Setup, World};

#[tokio::test]
async fn words_come_clause_by_clause_with_their_facts() {
    for kind in KINDS {
        let mut world = World::new(kind, Setup::default()).await;
        let price = "A cleaning is $120, and it takes 45 minutes. **Would** you like to come in?";
        world.script([Reply::words(price)]);
        let told = world.say("How much is a cleaning?").await;
        assert_eq!(
            told.pieces,
            ["A cleaning is $120, and it takes 45 minutes.\n", "Would you like to come in?\n"],
            "{kind:?}"
        );
        assert_eq!(told.cites, ["service.cleaning.price", "service.cleaning.duration"], "{kind:?}");
        assert_eq!(told.expect, Expect::Choice, "{kind:?}");
        assert_eq!(told.error, None);
        let usage = world.session.usage();
        assert!(0 < usage.tokens_out.exact && usage.tokens_out.estimated == 0, "{usage:?}");
        assert!(0 < usage.tokens_in.total(), "{usage:?}");
    }
}

#[tokio::test]
async fn the_prompt_is_the_same_to_the_byte_and_the_moment_comes_last() {
    for kind in KINDS {
        let mut world = World::new(kind, Setup::default()).await;
        world.script([Reply::words("Yes."), Reply::words("We do.")]);
        world.say("Are you open?").await;
        world.say("Do you do fillings?").await;
        let requests = world.requests();
        assert_eq!(requests.len(), 2);
        let (system, tools) = match kind {
            Kind::OpenAi => ("/messages/0/content", "/tools"),
            Kind::Anthropic => ("/system/0/text", "/tools"),
        };
        for place in [system, tools] {
            assert!(requests[0].pointer(place).is_some(), "{kind:?} {place}");
            assert_eq!(requests[0].pointer(place), requests[1].pointer(place), "{kind:?}");
        }
        let text = requests[1].pointer(system).unwrap().as_str().unwrap();
        assert!(!text.contains("2026, 10:15") && !text.contains("Right now"), "{text}");
        let messages = requests[1]["messages"].as_array().unwrap();
        let last = messages.last().unwrap().to_string();
        assert!(last.contains("Right now it is Tuesday, November 24, 2026, 10:15 AM"), "{last}");
        assert!(last.contains("Do you do fillings?"), "{last}");
        let earlier = serde_json::Value::from(messages[..messages.len() - 1].to_vec()).to_string();
        assert!(!earlier.contains("Right now") && earlier.contains("Are you open?"), "{earlier}");
        if kind == Kind::Anthropic {
            assert!(requests[1].pointer("/system/0/cache_control").is_some());
            let marked = messages.iter().rev().nth(1).unwrap();
            assert!(marked.to_string().contains("cache_control"), "{marked}");
        } else {
            let key = |n: usize| requests[n]["prompt_cache_key"].as_str().unwrap().to_owned();
            assert_eq!(key(0), key(1));
        }
    }
}

#[tokio::test]
async fn an_invented_price_gives_way_to_the_fact() {
    for kind in KINDS {
        let mut world = World::new(kind, Setup::default()).await;
        world.script([Reply::words("A cleaning is $99, cheap, isn't it? Shall I book you in?")]);
        let told = world.say("How much is a cleaning?").await;
        assert_eq!(
            told.text, "the price for teeth cleaning is $120. Shall I book you in?",
            "{kind:?} {:?}",
            told.error
        );
        assert_eq!(told.cites, ["service.cleaning.price"]);
        assert_eq!(world.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_invented_figure_without_a_fact_is_asked_about_once_and_then_given_up() {
    for kind in KINDS {
        let mut world = World::new(kind, Setup::default()).await;
        world.script([
            Reply::words("We are open today. Last orders are at 9:45 PM."),
            Reply::words("Let me know what you need."),
        ]);
        let told = world.say("When is last orders?").await;
        assert_eq!(told.text, "We are open today. Let me know what you need.", "{kind:?}");
        let requests = world.requests();
        assert_eq!(requests.len(), 2);
        let again = requests[1]["messages"].to_string();
        assert!(again.contains("9:45 PM") && again.contains("We are open today."), "{again}");

        world.script([Reply::words("It is 9:45 PM."), Reply::words("Sure, it is 9:45 PM. So.")]);
        let told = world.say("Are you sure?").await;
        assert!(told.text.ends_with("Shall I take a message?"), "{kind:?} {}", told.text);
        assert!(!told.text.contains("9:45"), "{}", told.text);
    }
}

#[tokio::test]
async fn memory_is_what_was_heard() {
    for kind in KINDS {
        let mut world = World::new(kind, Setup::default()).await;
        let turn = TurnId::new(1);
        let text = Pii::new("Do you do whitening?".to_owned());
        world.dialogue.entries.push(DialogueEntry::Caller { turn, text, others: vec![] });
        world.dialogue.entries.push(DialogueEntry::Agent {
            turn,
            text: Pii::new("Yes, we do".to_owned()),
            heard: Heard::Cut,
            note: None,
        });
        world.script([Reply::words("All right.")]);
        world.say("wait, not that").await;
        let messages = world.requests()[0]["messages"].to_string();
        assert!(messages.contains("Yes, we do \u{2014}"), "{messages}");
    }
}

#[tokio::test]
async fn whoever_says_goodbye_is_not_hung_up_on_in_silence() {
    for kind in KINDS {
        let mut world = World::new(kind, Setup::default()).await;
        world.script([Reply::words("").calling("end_call", "{}")]);
        let told = world.say("goodbye").await;
        assert_eq!(told.text, "Thank you for calling. Goodbye.", "{kind:?}");
        assert_eq!(told.effects, [Effect::EndCall]);
        assert_eq!(world.requests().len(), 1, "nothing is said after goodbye");
    }
}

#[tokio::test]
async fn the_connection_and_the_cache_are_warm_before_the_first_word() {
    let mut world = World::new(Kind::Anthropic, Setup::default()).await;
    world.script([Reply::words("Hello.")]);
    world.say("hi").await;
    let sessions = world.fakes.sessions();
    let warm = sessions.iter().flat_map(|session| &session.texts);
    let warm: Vec<_> = warm.filter(|text| text.contains("\"max_tokens\":0")).collect();
    assert_eq!(warm.len(), 1);
    assert!(warm[0].contains("cache_control"));
}

#[tokio::test]
async fn a_server_of_ones_own_reads_the_prompt_while_the_greeting_is_spoken() {
    for (dialect, warms) in [(Dialect::LlamaCpp, 1), (Dialect::Ollama, 1), (Dialect::OpenAi, 0)] {
        let setup = Setup { dialect, ..Setup::default() };
        let mut world = World::new(Kind::OpenAi, setup).await;
        world.script([Reply::words("One"), Reply::words("We do.")]);
        let begun = std::time::Instant::now();
        let usage = loop {
            let usage = world.session.usage();
            if warms == 0 || 0 < usage.tokens_out.exact {
                break usage;
            }
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{dialect:?}");
            tokio::task::yield_now().await;
        };
        assert_eq!(usage.requests.exact, warms, "{dialect:?}");
        world.say("Do you do fillings?").await;
        let requests = world.requests();
        assert_eq!(requests.len() as u64, warms + 1, "{dialect:?}");
        if let [warm, first] = requests.as_slice() {
            assert_eq!(warm["max_tokens"], 1, "{dialect:?}");
            assert_eq!(warm["messages"][0], first["messages"][0], "the prompt is the same");
            assert_eq!(warm["tools"], first["tools"], "and what is on offer");
        }
    }
}

#[tokio::test]
async fn a_model_that_says_the_same_over_and_over_is_stopped() {
    for kind in KINDS {
        let mut world = World::new(kind, Setup::default()).await;
        let loops = "I hope you're doing well. ".repeat(20);
        world.script([
            Reply::words(&format!("Welcome. {loops}")),
            Reply::words("Yes. ".repeat(5).as_str()),
        ]);
        let told = world.say("hi").await;
        assert_eq!(
            told.text, "Welcome. I hope you're doing well. I hope you're doing well.",
            "{kind:?} {:?}",
            told.error
        );
        assert_eq!(told.error, None);
        let told = world.say("really?").await;
        assert_eq!(told.text, "Yes. Yes. Yes. Yes. Yes.", "{kind:?}: what is short may come again");
    }
}
