//! The command line of `cargo xtask load`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Parser};
use url::Url;

const EXAMPLES: &str = "\
Examples:
  cargo xtask load --url http://127.0.0.1:5017 \\
      --orders-url http://127.0.0.1:5019 --rate 50 --for 5m
  cargo xtask load --url https://shop.example.com --token-file token \\
      --i-own-this https://shop.example.com";

/// Requests at a constant rate against any Atelier, every answer held against what was acknowledged before: creates under a key,
/// moves along the ladder, reads, lists. It makes orders of its own and leaves them there.
#[derive(Debug, Parser)]
#[command(name = "load", bin_name = "cargo xtask load", max_term_width = 100, after_help = EXAMPLES)]
#[command(group(ArgGroup::new("proof").args(["hs256_key_file", "token_file", "headers"])))]
pub(crate) struct Cli {
    /// Where order-status answers, or a gateway to both services.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Url,
    /// Where orders answers, if that is elsewhere.
    #[arg(long, value_name = "URL")]
    pub(crate) orders_url: Option<Url>,
    /// Connect to this address, whatever the URL's name leads to.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) connect: Option<SocketAddr>,
    /// Requests a second, due whether or not earlier ones were answered.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rate: u32,
    /// How long, as in 90s, 5m or 2h; a day at most.
    #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = time)]
    pub(crate) lasts: Duration,
    /// Connections to each service; as many requests are on their way at most.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) clients: u16,
    /// The key of auth.mode token, for many users with a token each. Without any of these three, auth.mode open is expected.
    #[arg(long, value_name = "FILE")]
    pub(crate) hs256_key_file: Option<PathBuf>,
    /// One user's token, who then buys and makes.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// A header of each request, in which {user} stands for whoever asks, for auth.mode gateway. May be repeated.
    #[arg(long = "user-header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// The model that orders are of; none if absent.
    #[arg(long, value_name = "ID")]
    pub(crate) model_id: Option<String>,
    /// Write what came of it to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Repeat the URL here if it leads to another machine, and you may load that.
    #[arg(long, value_name = "URL")]
    pub(crate) i_own_this: Option<Url>,
}

const DAY: Duration = Duration::from_hours(24);

/// What cannot be a time.
#[derive(Debug, thiserror::Error)]
#[error("a time is a number and s, m or h, a day at most, as in 90s")]
struct TimeError;

fn time(text: &str) -> Result<Duration, TimeError> {
    let (count, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(TimeError)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(TimeError),
    };
    let seconds = count.parse::<u64>().ok().and_then(|count| count.checked_mul(unit)).ok_or(TimeError)?;
    let time = Duration::from_secs(seconds);
    if time.is_zero() || time > DAY { Err(TimeError) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_is_written_of_it_is_what_it_understands() {
        manual::check(&Cli::command(), "cargo xtask load");
    }

    #[test]
    fn a_time_has_a_unit_and_an_end() {
        for (text, seconds) in [("90s", 90), ("5m", 300), ("24h", 86_400)] {
            assert_eq!(time(text).expect(text).as_secs(), seconds);
        }
        for text in ["", "s", "0s", "60", "25h", "-1s", "99999999999999999999h", "5é"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nobody_is_known_in_two_ways() {
        let words = ["load", "--url", "http://127.0.0.1", "--token-file", "a", "--hs256-key-file", "b"];
        assert!(Cli::try_parse_from(words).is_err());
        assert!(Cli::try_parse_from(&words[..5]).is_ok());
    }
}
