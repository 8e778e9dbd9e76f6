//! Wyoming's far side: one request after the other on a connection.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use types::{Millis, Pii};
use wire::wyoming::{Decoder, Event};

use crate::Fault;
use crate::session::Session;
use crate::speech::{Listener, SAMPLES_PER_MS};
use crate::understanding::Understanding;

/// Serves one connection that was opened to recognize. Wyoming says what a connection is for with its
/// first request only.
pub(crate) async fn recognize(mut stream: TcpStream, session: Session, mut decoder: Decoder) {
    let mut understanding = Understanding::new(Listener::default(), session.words.clone());
    let mut heard = 0;
    let mut rate = 16_000;
    let mut buffer = [0; 8_192];
    loop {
        loop {
            match decoder.poll() {
                Ok(Some(Event::AudioStart(format))) => rate = format.rate,
                Ok(Some(Event::AudioChunk { payload, .. })) => {
                    session.note_audio(&payload);
                    let stride = (rate as usize).div_ceil(8_000).max(1);
                    let samples = payload.chunks_exact(2).step_by(stride);
                    let samples: Vec<i16> =
                        samples.map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
                    heard += samples.len();
                    understanding.hear(&samples);
                    let passed = Millis::new((heard / SAMPLES_PER_MS) as u32);
                    session.note_passed(passed);
                    match end(&session, passed) {
                        Some(End::Drops) => return,
                        Some(End::Mutes) => std::future::pending().await,
                        None => (),
                    }
                }
                Ok(Some(Event::AudioStop)) => {
                    let words = understanding.words();
                    let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
                    let text = Pii::new(words.join(" "));
                    tokio::time::sleep(session.slowed(session.delays.words)).await;
                    if answer(&mut stream, &session, Event::Transcript { text }).await.is_err() {
                        return;
                    }
                }
                Ok(Some(Event::Describe)) => {
                    let info = Event::Info { recognizes: true, speaks: false };
                    if answer(&mut stream, &session, info).await.is_err() {
                        return;
                    }
                }
                Ok(Some(_)) => (),
                Ok(None) => break,
                Err(_) => return,
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => decoder.push(&buffer[..read]),
        }
    }
}

enum End {
    Drops,
    Mutes,
}

fn end(session: &Session, passed: Millis) -> Option<End> {
    session.fault(|fault| {
        if let Fault::Drop { after } | Fault::Close { after, .. } = fault {
            return (after <= passed).then_some(End::Drops);
        }
        if let Fault::Mute { after } = fault {
            return (after <= passed).then_some(End::Mutes);
        }
        None
    })
}

async fn answer(stream: &mut TcpStream, session: &Session, event: Event) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    if session.has(Fault::Unknown) {
        Event::Unknown { kind: "premonition".to_owned() }.encode(&mut bytes);
    }
    if session.is_malformed(session.note_sent()) {
        bytes.extend_from_slice(b"{\"type\":\n");
    } else {
        event.encode(&mut bytes);
    }
    stream.write_all(&bytes).await
}
