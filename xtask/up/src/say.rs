//! Words for the person at the terminal. A terminal that is gone is no reason to stop, or to panic, in the middle of things.

/// Like `println!`, but a closed output is ignored.
macro_rules! say {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        // Nobody is left to be told.
        drop(writeln!(std::io::stdout(), $($argument)*));
    }};
}

/// Like `eprintln!`, but a closed output is ignored.
macro_rules! complain {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        // Nobody is left to be told.
        drop(writeln!(std::io::stderr(), $($argument)*));
    }};
}

pub(crate) use {complain, say};
