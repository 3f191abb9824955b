//! Writes recordings to files, away from the media workers, which never wait for a disk.

use media::wav;
use pbx::CallId;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

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

/// Starts the thread; it ends when the last sender is gone.
pub(crate) fn start(folder: PathBuf) -> io::Result<mpsc::Sender<Piece>> {
    let (sender, inbox) = mpsc::channel();
    std::thread::Builder::new().name("recorder".to_owned()).spawn(move || {
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
    Ok(sender)
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
