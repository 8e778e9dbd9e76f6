//! Two-channel recordings of calls: caller left, agent right, on the caller's timeline.
//!
//! A call gathers its audio in blocks of about a second and offers them to one writer thread of
//! the node. The media threads never wait for the disk: what the disk cannot take is lost to the
//! recording, counted, and the call goes on.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use hound::{SampleFormat, WavSpec, WavWriter};
use types::{CallId, Millis, SampleRate};

use crate::telemetry::Telemetry;

/// Audio in one block.
const BLOCK: Millis = Millis::from_secs(1);

/// Blocks and orders of all calls on their way to the disk: 200 calls at one block a second, for
/// ten seconds of a stuck disk.
const ORDERS_MAX: usize = 2_048;

/// How long the writer keeps audio in hand, so that the channels may arrive unevenly.
const WINDOW: Millis = Millis::from_secs(2);

/// The longest jump of a channel; beyond it the index is wrong, and the block is left out.
const JUMP_MAX: Millis = Millis::from_secs(3_600);

/// Which channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Caller,
    Agent,
}

/// Some audio of one channel.
#[derive(Debug)]
struct Piece {
    channel: Channel,
    at: u64,
    samples: usize,
}

/// About a second of a call's audio: pieces one after the other.
#[derive(Debug, Default)]
struct Block {
    pieces: Vec<Piece>,
    samples: Vec<i16>,
}

enum Order {
    Begin { call: CallId, path: PathBuf, rate: SampleRate },
    Audio { call: CallId, block: Block },
    End { call: CallId },
}

/// The node's recorder. Cheap to clone; its writer ends when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Recorder {
    orders: SyncSender<Order>,
    telemetry: Telemetry,
}

impl Recorder {
    /// Starts the writer.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(telemetry: Telemetry) -> io::Result<(Self, JoinHandle<()>)> {
        let (orders, inbox) = sync_channel(ORDERS_MAX);
        let writer = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || write_recordings(&inbox))?;
        Ok((Self { orders, telemetry }, writer))
    }

    /// Begins a recording of `call` in `path`. A file that cannot be made loses the recording,
    /// not the call.
    pub fn begin(
        &self,
        call: CallId,
        path: PathBuf,
        rate: SampleRate,
        backlog: Millis,
    ) -> Recording {
        let mut recording = Recording {
            recorder: self.clone(),
            call,
            block: Block::default(),
            block_samples: rate.samples_in(BLOCK) * 2,
            shed_in_row: 0,
            shed_max: (backlog.get() / BLOCK.get()).max(1),
        };
        recording.send(Order::Begin { call, path, rate });
        recording
    }
}

/// One call's recording, as its actor sees it.
#[derive(Debug)]
pub struct Recording {
    recorder: Recorder,
    call: CallId,
    block: Block,
    block_samples: usize,
    shed_in_row: u32,
    shed_max: u32,
}

impl Recording {
    /// The caller's audio from sample `at` of the timeline on.
    pub fn caller(&mut self, at: u64, samples: &[i16]) {
        self.push(Channel::Caller, at, samples);
    }

    /// What the caller heard from sample `at` of the timeline on.
    pub fn agent(&mut self, at: u64, samples: &[i16]) {
        self.push(Channel::Agent, at, samples);
    }

    fn push(&mut self, channel: Channel, at: u64, samples: &[i16]) {
        if self.block.samples.capacity() == 0 {
            self.block.samples.reserve(self.block_samples + samples.len());
            self.block.pieces.reserve(2 * 1_000 / 20 + 2);
        }
        self.block.pieces.push(Piece { channel, at, samples: samples.len() });
        self.block.samples.extend_from_slice(samples);
        if self.block_samples <= self.block.samples.len() {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let block = std::mem::take(&mut self.block);
        self.send(Order::Audio { call: self.call, block });
    }

    fn send(&mut self, order: Order) {
        // After this much in a row is lost the disk is not slow but gone: trying once a block is
        // enough, and one line in the log is, too.
        match self.recorder.orders.try_send(order) {
            Ok(()) => self.shed_in_row = 0,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.shed_in_row += 1;
                self.recorder.telemetry.recording_shed.increment(1);
                if self.shed_in_row == self.shed_max {
                    tracing::warn!(call = %self.call, "recording loses audio: the disk is too slow");
                }
            }
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.hand_over();
        self.send(Order::End { call: self.call });
    }
}

fn write_recordings(inbox: &Receiver<Order>) {
    let mut open: HashMap<CallId, Sheet> = HashMap::new();
    while let Ok(order) = inbox.recv() {
        let done = match order {
            Order::Begin { call, path, rate } => Sheet::create(&path, rate).map(|sheet| {
                open.insert(call, sheet);
            }),
            Order::Audio { call, block } => match open.get_mut(&call) {
                Some(sheet) => sheet.add(&block).inspect_err(|_| {
                    open.remove(&call);
                }),
                None => Ok(()),
            },
            Order::End { call } => open.remove(&call).map_or(Ok(()), Sheet::finish),
        };
        if let Err(error) = done {
            tracing::error!(%error, "a recording is lost, its call goes on");
        }
    }
    for sheet in open.into_values() {
        if let Err(error) = sheet.finish() {
            tracing::error!(%error, "a recording could not be finished");
        }
    }
}

/// One file being written: the last seconds of both channels wait until both are there.
struct Sheet {
    file: WavWriter<BufWriter<File>>,
    rate: SampleRate,
    written: u64,
    window: [Vec<i16>; 2],
    caller_end: u64,
}

impl Sheet {
    fn create(path: &Path, rate: SampleRate) -> io::Result<Self> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        let spec = WavSpec {
            channels: 2,
            sample_rate: rate.hz(),
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let file = WavWriter::create(path, spec).map_err(io_error)?;
        Ok(Self { file, rate, written: 0, window: [Vec::new(), Vec::new()], caller_end: 0 })
    }

    fn add(&mut self, block: &Block) -> io::Result<()> {
        let mut rest = &block.samples[..];
        for piece in &block.pieces {
            let (samples, after) = rest.split_at(piece.samples);
            rest = after;
            self.place(piece, samples);
        }
        let behind = self.caller_end.saturating_sub(self.rate.samples_in(WINDOW) as u64);
        self.write_until(behind)?;
        // The header on disk is made right each time: a crash leaves a file that plays.
        self.file.flush().map_err(io_error)
    }

    /// Lays `samples` onto their channel. What lies before the written part is too late.
    fn place(&mut self, piece: &Piece, samples: &[i16]) {
        let late = self.written.saturating_sub(piece.at).min(samples.len() as u64) as usize;
        let at = (piece.at + late as u64).saturating_sub(self.written) as usize;
        if self.rate.samples_in(JUMP_MAX) < at {
            return;
        }
        let channel = &mut self.window[piece.channel as usize];
        let end = at + samples.len() - late;
        if channel.len() < end {
            channel.resize(end, 0);
        }
        channel[at..end].copy_from_slice(&samples[late..]);
        if piece.channel == Channel::Caller {
            self.caller_end = self.caller_end.max(piece.at + samples.len() as u64);
        }
    }

    fn write_until(&mut self, end: u64) -> io::Result<()> {
        let count = end.saturating_sub(self.written) as usize;
        let [caller, agent] = &mut self.window;
        for index in 0..count {
            for channel in [&*caller, &*agent] {
                let sample = channel.get(index).copied().unwrap_or(0);
                self.file.write_sample(sample).map_err(io_error)?;
            }
        }
        for channel in [caller, agent] {
            channel.drain(..count.min(channel.len()));
        }
        self.written += count as u64;
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        let longest = self.window.iter().map(Vec::len).max().unwrap_or(0) as u64;
        self.write_until(self.written + longest)?;
        self.file.finalize().map_err(io_error)
    }
}

fn io_error(error: hound::Error) -> io::Error {
    if let hound::Error::IoError(error) = error { error } else { io::Error::other(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_channels_lie_where_they_were_heard() {
        let dir = std::env::temp_dir().join(format!("apex-recording-{}", std::process::id()));
        let path = dir.join("call.wav");
        let (recorder, writer) = Recorder::start(Telemetry::new()).unwrap();
        let rate = SampleRate::Hz8000;
        let mut recording =
            recorder.begin(CallId::new(1), path.clone(), rate, Millis::from_secs(10));
        for frame in 0..500_u64 {
            recording.caller(frame * 160, &[1; 160]);
            if frame == 300 {
                // Known to be heard a second later, and out of order.
                recording.agent(40_000, &[3; 160]);
                recording.agent(39_900, &[2; 100]);
            }
        }
        drop((recording, recorder));
        writer.join().unwrap();

        let mut file = hound::WavReader::open(&path).unwrap();
        let samples: Vec<i16> = file.samples().map(Result::unwrap).collect();
        assert_eq!(samples.len(), 2 * 80_000);
        let right = |index: usize| samples[2 * index + 1];
        assert_eq!([right(39_899), right(39_900), right(39_999)], [0, 2, 2]);
        assert_eq!([right(40_000), right(40_159), right(40_160)], [3, 3, 0]);
        assert!(samples.iter().step_by(2).all(|sample| *sample == 1));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_made_loses_only_the_recording() {
        let (recorder, writer) = Recorder::start(Telemetry::new()).unwrap();
        let path = PathBuf::from("/dev/null/nowhere/call.wav");
        let mut recording =
            recorder.begin(CallId::new(1), path, SampleRate::Hz8000, Millis::from_secs(1));
        recording.caller(0, &[1; 16_000]);
        drop((recording, recorder));
        writer.join().unwrap();
    }
}
