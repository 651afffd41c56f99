//! The program as the first process of namespaces of its own, as it is in a container: no signal has a default there, nobody else is
//! there to be waited for, and what others leave behind is its own.

use std::process::Command;

use testkit::wait;

use super::stopping;
use crate::support::PATIENCE;
use crate::support::program::{Program, children_of, signal};

const NOBODY: &str = "postgres://nobody@127.0.0.1:1/none";

/// A line of what the system says about a process.
fn status_of(pid: u32, field: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| Some(line.strip_prefix(field)?.trim().to_owned()))
}

#[tokio::test]
#[ignore = "needs namespaces"]
async fn as_the_first_process_it_answers_what_is_in_flight_at_sigterm_and_the_exit_is_0() {
    stopping::requests_in_flight_are_answered(Program::serve_as_first).await;
}

#[tokio::test]
#[ignore = "needs namespaces"]
async fn as_the_first_process_it_keeps_to_the_drain_deadline() {
    stopping::the_drain_deadline_is_the_end(Program::serve_as_first).await;
}

#[tokio::test]
#[ignore = "needs namespaces"]
async fn as_the_first_process_it_ends_at_a_second_signal_and_the_exit_is_not_0() {
    stopping::a_second_signal_is_the_end(Program::serve_as_first).await;
}

#[tokio::test]
#[ignore = "needs namespaces"]
async fn as_the_first_process_it_tells_of_its_last_request_before_it_ends() {
    stopping::the_last_request_is_told_of(Program::serve_as_first).await;
}

/// Its configuration comes by a pipe that says nothing yet, which is a start that takes long.
#[tokio::test]
#[ignore = "needs namespaces"]
async fn a_signal_that_comes_while_the_first_process_starts_is_not_lost() {
    let pipe = testkit::file::TestFile::new("").expect("a file");
    pipe.remove().expect("removed");
    assert!(Command::new("mkfifo").arg(pipe.path()).status().expect("mkfifo").success());
    let more = [("ATELIER_CONFIG", pipe.path()), ("ATELIER_SHUTDOWN__DELAY_MS", "0")];
    let program = Program::serve_as_first(NOBODY, &more);
    let path = pipe.path().to_owned();
    // Whoever opens one end waits for somebody at the other.
    let opened = tokio::task::spawn_blocking(move || std::fs::File::options().write(true).open(path));
    let end =
        tokio::time::timeout(PATIENCE, opened).await.expect("it reads").expect("opened").expect("a pipe");
    assert_eq!(status_of(program.pid(), "Name:").as_deref(), Some("order-status"));
    program.signal("TERM");
    drop(end);
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.output.contains("\"stopped\""), "{}", ended.output);
}

/// A visitor is somebody's `kubectl exec` that left a process running.
#[tokio::test]
#[ignore = "needs namespaces"]
async fn what_visitors_leave_to_the_first_process_does_not_hold_its_end_up() {
    let program = Program::serve_as_first(NOBODY, &[("ATELIER_SHUTDOWN__DELAY_MS", "0")]);
    program.instance().await;
    let pid = program.pid();
    let numbers = status_of(pid, "NSpid:").expect("its numbers");
    assert_eq!(numbers.split_whitespace().next_back(), Some("1"), "it is the first: {numbers}");
    assert!(children_of(pid).is_empty(), "it starts nobody itself");

    let target = pid.to_string();
    let leaves = ["--target", &target, "--user", "--pid", "--mount", "sh", "-c", "sleep 600 & sleep 601 &"];
    let visit = Command::new("nsenter").args(leaves).stdout(std::process::Stdio::null()).status();
    assert!(visit.expect("nsenter").success());
    let left = || async { <[u32; 2]>::try_from(children_of(pid)).ok() };
    let [dead, alive] = wait::until("two are left to it", PATIENCE, left).await.expect("left");
    signal(dead, "KILL");
    let zombie = || async { status_of(dead, "State:").filter(|state| state.starts_with('Z')) };
    wait::until("nobody asks after the dead one", PATIENCE, zombie).await.expect("a zombie");

    program.signal("TERM");
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!((status_of(dead, "State:"), status_of(alive, "State:")), (None, None), "nobody outlives it");
}
