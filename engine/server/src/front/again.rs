//! A stream for a leg that had one: its socket is gone, and the carrier may not know it yet.

use super::carrier::{Carrier, CarrierError, Command, CommandId, LegName, StreamOrder};

/// Has the carrier stream `leg` by `order`. A carrier that believes in the stream before is told to
/// stop it and then asked again, under the second of `ids`: how long it takes to notice a broken
/// socket by itself nobody says (telnyx.md §1.10), and the caller hears nothing meanwhile.
///
/// `is_waited_for` tells whether nobody has shown the order's token yet: if somebody has, an order
/// before this one was taken after all, and the stream that the carrier speaks of is ours.
pub(super) async fn stream_again(
    carrier: &Carrier,
    (leg, [first, second]): (&LegName, [CommandId; 2]),
    order: &StreamOrder,
    is_waited_for: impl Fn() -> bool,
) -> Result<(), CarrierError> {
    match carrier.streaming_start(leg, first.clone(), order.clone()).await {
        Err(CarrierError::Streaming) if is_waited_for() => (),
        Err(CarrierError::Streaming) => return Ok(()),
        outcome => return outcome,
    }
    tracing::info!("the carrier has not noticed that a stream is broken: it is stopped");
    match carrier.command(leg, first, Command::StopStream).await {
        // It has noticed in the meantime: nothing is to be stopped any more.
        Ok(()) | Err(CarrierError::Refused { .. }) => (),
        Err(error) => return Err(error),
    }
    carrier.streaming_start(leg, second, order.clone()).await
}

#[cfg(test)]
mod tests {
    use types::{AudioFormat, CallId, Secret};

    use super::*;
    use crate::front::carrier::{ClientState, Job, LegRole};
    use crate::telemetry::Telemetry;

    const REFUSED: CarrierError = CarrierError::Refused { status: 422, code: 90_048 };

    /// What is asked of a carrier that answers like this, and what comes of it.
    async fn run(
        answers: &[Result<(), CarrierError>],
        is_waited_for: impl Fn() -> bool,
    ) -> (Vec<String>, Result<(), CarrierError>) {
        let (carrier, mut jobs) = Carrier::new(Telemetry::new());
        let order = StreamOrder {
            url: "wss://media.example.net/t".to_owned(),
            token: Secret::new("t".to_owned()),
            format: AudioFormat::PCMU_8K,
            state: ClientState {
                call: CallId::new(1),
                node: "node".to_owned(),
                role: LegRole::Call,
            },
            parameters: Vec::new(),
        };
        let leg = LegName::new("v3:leg");
        let ids = [3, 4].map(|n| CommandId { epoch: 0, n });
        let far = async {
            let mut asked = Vec::new();
            for answer in answers {
                let Some(Job::Command { id, command, reply, .. }) = jobs.recv().await else {
                    break;
                };
                asked.push(format!("{} {}", command.verb(), id.n));
                reply.send(answer.clone()).unwrap();
            }
            asked
        };
        // A carrier that nobody asks any more hears that nobody does.
        let near = async move { stream_again(&carrier, (&leg, ids), &order, is_waited_for).await };
        tokio::join!(far, near)
    }

    #[tokio::test]
    async fn a_stream_that_the_carrier_still_believes_in_is_stopped_first() {
        let stopped = ["streaming_start 3", "streaming_stop 3", "streaming_start 4"];
        for stop in [Ok(()), Err(REFUSED)] {
            let answers = [Err(CarrierError::Streaming), stop, Ok(())];
            let (asked, outcome) = run(&answers, || true).await;
            assert_eq!(asked, stopped);
            assert_eq!(outcome, Ok(()));
        }
        let (_, outcome) =
            run(&[Err(CarrierError::Streaming), Err(CarrierError::Ended)], || true).await;
        assert_eq!(outcome, Err(CarrierError::Ended));
    }

    #[tokio::test]
    async fn a_stream_of_ours_is_not_stopped() {
        let (asked, outcome) = run(&[Err(CarrierError::Streaming)], || false).await;
        assert_eq!(asked, ["streaming_start 3"]);
        assert_eq!(outcome, Ok(()), "its socket is here");
        for answer in [Ok(()), Err(CarrierError::Ended), Err(CarrierError::NoReply)] {
            let (asked, outcome) = run(std::slice::from_ref(&answer), || true).await;
            assert_eq!((asked.len(), outcome), (1, answer));
        }
    }
}
