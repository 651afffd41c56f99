//! Lines of the log on their way out: they gather for a moment and leave together, on a thread of their own.
//!
//! On a thread, for else whoever makes a line waits for all who write at the same time, and a reader that is stuck would stop
//! every request. Together, for waking that thread for each line costs about as much as making the line.

use std::io::{self, Write};
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long the first line waits for others.
const GATHER: Duration = Duration::from_millis(5);

/// How many bytes may wait for whoever reads the log. Lines beyond them are dropped and counted.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// How much memory is kept for the next lines. What a burst took beyond it is given back.
const BYTES_KEPT: usize = 256 * 1024;

/// How long the end waits for lines on their way. A reader that is stuck must not keep the process.
const FAREWELL: Duration = Duration::from_millis(1_500);

/// Takes lines, each in one write.
#[derive(Debug, Default)]
pub(super) struct Sink {
    state: Mutex<State>,
    changed: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    is_ending: bool,
    is_over: bool,
}

/// Keeps the lines going. Dropped last, it waits a moment for those that are still on their way.
#[derive(Debug)]
#[must_use = "without it the log ends"]
pub struct LogGuard(Arc<Sink>);

impl Sink {
    /// A sink whose lines go to `out`, and what keeps it going.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<(Arc<Self>, LogGuard)> {
        let sink = Arc::<Self>::default();
        let carried = Arc::clone(&sink);
        thread::Builder::new().name("log".to_owned()).spawn(move || carried.carry(out))?;
        Ok((Arc::clone(&sink), LogGuard(sink)))
    }

    /// How many lines were dropped because too many waited.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn carry(&self, mut out: impl Write) {
        let mut leaving = Vec::new();
        loop {
            let idle = |state: &mut State| state.waiting.is_empty() && !state.is_ending;
            let state = self.changed.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
            let (mut state, _) = self
                .changed
                .wait_timeout_while(state, GATHER, |state| !state.is_ending)
                .unwrap_or_else(PoisonError::into_inner);
            if state.waiting.is_empty() {
                state.is_over = true;
                self.changed.notify_all();
                return;
            }
            mem::swap(&mut state.waiting, &mut leaving);
            drop(state);
            // Where nobody reads, there is nobody to tell.
            let _ = out.write_all(&leaving).and_then(|()| out.flush());
            leaving.clear();
            leaving.shrink_to(BYTES_KEPT);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for &Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        if state.waiting.len() + line.len() > BYTES_MAX {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            let is_first = state.waiting.is_empty();
            state.waiting.extend_from_slice(line);
            drop(state);
            if is_first {
                self.changed.notify_all();
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_ending = true;
        self.0.changed.notify_all();
        let _ = self.0.changed.wait_timeout_while(state, FAREWELL, |state| !state.is_over);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;

    /// Tells each write, and does it only when it is let.
    struct Reader {
        told: mpsc::Sender<Vec<u8>>,
        lets: mpsc::Receiver<()>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.told.send(bytes.to_vec());
            self.lets.recv().map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn read() -> (Arc<Sink>, LogGuard, mpsc::Receiver<Vec<u8>>, mpsc::Sender<()>) {
        let (told, writes) = mpsc::channel();
        let (permit, lets) = mpsc::channel();
        let (sink, guard) = Sink::start(Reader { told, lets }).expect("a thread");
        (sink, guard, writes, permit)
    }

    #[test]
    fn what_came_while_others_were_written_leaves_together_and_the_end_waits_for_it() {
        let (sink, guard, writes, permit) = read();
        sink.as_ref().write_all(b"first\n").unwrap();
        assert_eq!(writes.recv().unwrap(), b"first\n");
        let lines: Vec<String> = (0..1_000).map(|number| format!("{number}\n")).collect();
        for line in &lines {
            sink.as_ref().write_all(line.as_bytes()).unwrap();
        }
        permit.send(()).unwrap();
        permit.send(()).unwrap();
        drop(guard);
        assert_eq!(String::from_utf8(writes.try_recv().unwrap()).unwrap(), lines.concat());
        assert_eq!(sink.dropped(), 0);
    }

    #[test]
    fn where_nobody_reads_lines_are_dropped_and_counted_and_the_end_does_not_wait_for_ever() {
        let (sink, guard, writes, _permit) = read();
        let line = vec![b'x'; BYTES_MAX / 4];
        sink.as_ref().write_all(&line).unwrap();
        assert_eq!(writes.recv().unwrap().len(), line.len());
        for _ in 0..7 {
            sink.as_ref().write_all(&line).unwrap();
        }
        assert_eq!(sink.dropped(), 3);
        let since = Instant::now();
        drop(guard);
        assert!(since.elapsed() < 2 * FAREWELL);
    }
}
