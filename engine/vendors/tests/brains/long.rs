//! Calls that outgrow a model's window.

use fake_vendors::chat::Reply;

use crate::world::{KINDS, Setup, World};

#[tokio::test]
async fn the_beginning_of_a_long_call_is_summed_up_in_a_pause() {
    for kind in KINDS {
        let setup = Setup { history_tokens_max: 300, ..Setup::default() };
        let mut world = World::new(kind, setup).await;
        let usual = "Yes, of course, that can be done without any trouble, just tell me more.";
        world.fakes.replies().set_usual(Some(Reply::words(usual)));
        let mut summed = None;
        for turn in 0..40 {
            world
                .say(&format!("A long question, the one after the last, about teeth {turn}"))
                .await;
            let requests = world.requests();
            summed =
                requests.iter().find(|body| body.to_string().contains("The call so far")).cloned();
            if summed.is_some() {
                break;
            }
        }
        let summed = summed.expect("a summary in a prompt").to_string();
        assert!(summed.contains(usual), "what the model wrote as a summary: {summed}");
        let notes = world.requests();
        let task = notes.iter().find(|body| body.to_string().contains("keep the notes"));
        let task = task.expect("a request for a summary").to_string();
        assert!(task.contains("Caller: A long question"), "{task}");
        // The prompt stays within bounds: facts and tools apart, it is short.
        let last = notes.last().unwrap()["messages"].to_string();
        assert!(last.len() < 9_000, "{} bytes", last.len());
    }
}
