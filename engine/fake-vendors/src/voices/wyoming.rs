//! A Wyoming voice, serial as Piper is: one text after the other, and nothing is read meanwhile.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use types::Millis;
use wire::wyoming::{AudioFormat, Decoder, Event};

use super::planned::{self, End};
use super::said::{Coding, Voiced, pieces};
use crate::Fault;
use crate::session::Session;
use crate::speech::SAMPLES_PER_MS;

/// The rate of the voice.
const RATE: u32 = 16_000;

/// One connection that speaks; its first request may have been read.
pub(crate) async fn serve(
    mut stream: TcpStream,
    voiced: Voiced,
    session: Session,
    mut decoder: Decoder,
) {
    let mut buffer = vec![0; 8_192];
    let mut speaker = Speaker { session, sounded: Millis::ZERO };
    loop {
        while let Ok(Some(event)) = decoder.poll() {
            let Event::Synthesize { text, .. } = event else { continue };
            speaker.session.note_text(text.reveal());
            if speaker.say(&mut stream, &voiced, text.reveal()).await.is_none() {
                return;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(count) if 0 < count => decoder.push(&buffer[..count]),
            Ok(_) | Err(_) => return,
        }
    }
}

struct Speaker {
    session: Session,
    sounded: Millis,
}

impl Speaker {
    /// Nothing if the connection is over.
    async fn say(&mut self, stream: &mut TcpStream, voiced: &Voiced, text: &str) -> Option<()> {
        let said = voiced.say(text);
        tokio::time::sleep(self.session.slowed(self.session.delays.first_audio)).await;
        let format = AudioFormat::mono(RATE);
        self.send(stream, &Event::AudioStart(format)).await?;
        for (_, piece) in pieces(&said.samples) {
            self.check_end().await?;
            let payload = Coding::Linear(RATE).encode(piece);
            self.send(stream, &Event::AudioChunk { format, payload }).await?;
            self.sounded = self.sounded + Millis::new((piece.len() / SAMPLES_PER_MS) as u32);
        }
        self.check_end().await?;
        self.send(stream, &Event::AudioStop).await
    }

    /// What is planned for after so much sound.
    async fn check_end(&self) -> Option<()> {
        self.session.note_passed(self.sounded);
        match planned::end(&self.session, self.sounded) {
            Some(End::Mute) => std::future::pending().await,
            Some(End::Drop | End::Close(_)) => None,
            None => Some(()),
        }
    }

    async fn send(&self, stream: &mut TcpStream, event: &Event) -> Option<()> {
        let gap = planned::gap(&self.session);
        if gap != Duration::ZERO {
            tokio::time::sleep(gap).await;
        }
        let mut bytes = Vec::new();
        if self.session.has(Fault::Unknown) {
            Event::Unknown { kind: "added-later".into() }.encode(&mut bytes);
        }
        let sent = self.session.note_sent();
        if planned::is_malformed(&self.session, sent) {
            bytes.extend_from_slice(b"{\"type\":\n");
        } else {
            event.encode(&mut bytes);
        }
        stream.write_all(&bytes).await.ok()
    }
}
