//! Writes recordings to files, away from the media workers, which never wait for a disk.

use media::wav;
use pbx::CallId;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread::JoinHandle;

/// Pieces that may wait for the disk: some minutes of a hundred voicemails at once.
const MAX_WAITING: usize = 65_536;

/// What the recorder is sent.
pub(crate) enum Piece {
    /// Raw G.711 µ-law, 8 kHz.
    Sound(CallId, Vec<u8>),
    /// No more comes.
    End(CallId),
}

struct Recording {
    file: File,
    bytes: u32,
}

/// A worker's way to the recorder, which never waits: when the disk does not keep up, sound is lost and counted, ends are not.
pub(crate) struct Pieces {
    sender: SyncSender<Piece>,
    ends: Vec<CallId>,
    lost: Arc<AtomicU64>,
}

impl Pieces {
    pub(crate) fn new(sender: SyncSender<Piece>, lost: Arc<AtomicU64>) -> Self {
        Self { sender, ends: Vec::new(), lost }
    }

    /// A piece of sound. It is lost where something of an earlier one waits still, for it would come after its own end.
    pub(crate) fn sound(&mut self, call: CallId, mulaw: Vec<u8>) {
        if self.catch_up() || self.sender.try_send(Piece::Sound(call, mulaw)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// No more comes of this call. At most one waits for each recording, so their number is bounded by that of the legs.
    pub(crate) fn end(&mut self, call: CallId) {
        self.ends.push(call);
        self.catch_up();
    }

    /// Hands ends on that found no room; `true` when one waits still.
    pub(crate) fn catch_up(&mut self) -> bool {
        while let Some(call) = self.ends.first() {
            if let Err(TrySendError::Full(_)) = self.sender.try_send(Piece::End(*call)) {
                return true;
            }
            self.ends.remove(0);
        }
        false
    }
}

/// Starts the thread; it ends when the last sender is gone.
pub(crate) fn start(folder: PathBuf) -> io::Result<(SyncSender<Piece>, JoinHandle<()>)> {
    let (sender, inbox) = mpsc::sync_channel(MAX_WAITING);
    let thread = std::thread::Builder::new().name("recorder".to_owned()).spawn(move || {
        let mut open: HashMap<CallId, Recording> = HashMap::new();
        for piece in inbox {
            let problem = match piece {
                Piece::Sound(call, sound) => write(&folder, &mut open, call, &sound).err(),
                Piece::End(call) => open.remove(&call).and_then(|recording| finish(recording).err()),
            };
            if let Some(error) = problem {
                tracing::error!(%error, folder = %folder.display(), "a recording could not be written");
            }
        }
        for (_, recording) in open {
            let _ = finish(recording);
        }
    })?;
    Ok((sender, thread))
}

fn write(folder: &Path, open: &mut HashMap<CallId, Recording>, call: CallId, sound: &[u8]) -> io::Result<()> {
    let recording = match open.entry(call) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => place.insert(begin(folder, call)?),
    };
    recording.file.write_all(sound)?;
    recording.bytes = recording.bytes.saturating_add(u32::try_from(sound.len()).unwrap_or(u32::MAX));
    Ok(())
}

fn begin(folder: &Path, call: CallId) -> io::Result<Recording> {
    fs::create_dir_all(folder)?;
    let mut file = File::create(folder.join(format!("{call}.wav")))?;
    file.write_all(&wav::mulaw_header(0))?;
    Ok(Recording { file, bytes: 0 })
}

fn finish(mut recording: Recording) -> io::Result<()> {
    recording.file.seek(SeekFrom::Start(0))?;
    recording.file.write_all(&wav::mulaw_header(recording.bytes))?;
    recording.file.flush()
}
