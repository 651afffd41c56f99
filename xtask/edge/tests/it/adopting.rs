//! The proxy of docs/adopting.md, in a real NGINX: at each step of the switch requests go where the table says.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use manual::fences;
use reqwest::Method;
use testkit::file::TestFile;
use testkit::wait;
use tokio::net::TcpStream;

use crate::PATIENCE;
use crate::client::{Answer, Client};
use crate::double::Double;
use crate::nginx::free_address;

const DOCUMENT: &str = include_str!("../../../../docs/adopting.md");
const PATH: &str = "/orders/7/status?x=1";

/// Where something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Old,
    /// To the old services, and a copy to Atelier.
    Both,
    Atelier,
    /// To nobody: 503.
    Pause,
}

const STEPS: [(u8, To, To); 6] = [
    (1, To::Both, To::Old),
    (2, To::Both, To::Old),
    (3, To::Old, To::Pause),
    (4, To::Old, To::Pause),
    (5, To::Atelier, To::Pause),
    (6, To::Atelier, To::Atelier),
];

/// It ends with this value.
struct Proxy {
    address: SocketAddr,
    child: Child,
    _configuration: TestFile,
}

impl Proxy {
    async fn start(step: u8, old: SocketAddr, atelier: SocketAddr) -> Self {
        let block =
            fences(DOCUMENT).into_iter().find(|fence| fence.language == "nginx").expect("a configuration");
        let mut documented = block.lines.join("\n");
        let address = free_address();
        for (text, instead) in [
            ("default 1;", format!("default {step};")),
            ("192.0.2.10:80;", format!("{old};")),
            ("192.0.2.20:80;", format!("{atelier};")),
            ("listen 80;", format!("listen {address};")),
        ] {
            assert_eq!(documented.matches(text).count(), 1, "{text}");
            documented = documented.replace(text, &instead);
        }
        let configuration = TestFile::new("").expect("a file");
        let folder = configuration.path().rsplit_once('/').expect("a folder").0;
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {folder}/{what};"))
            .join("\n");
        let text = format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\n{temporary}\n{documented}\n}}\n"
        );
        configuration.write(&text).expect("written");
        let mut command = Command::new("nginx");
        command.args(["-p", folder, "-c", configuration.path(), "-e", "stderr"]);
        let child = command.stdin(Stdio::null()).spawn().expect("nginx");
        let proxy = Self { address, child, _configuration: configuration };
        let listens = || async { TcpStream::connect(address).await.ok() };
        wait::until("nginx listens", PATIENCE, listens).await.expect("it listens");
        proxy
    }

    /// The answer's status, and what it says of when to come again.
    async fn asked(&self, method: Method) -> (u16, Option<String>) {
        let body = if method == Method::GET { "" } else { "{}" };
        let answer = Answer::of(Client::of(self.address).send(method, PATH, "token", body)).await;
        (answer.status, answer.header("retry-after").map(str::to_owned))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The methods that arrived, once there are so many.
async fn methods(double: &Double, count: usize) -> Vec<String> {
    let arrived = || async { (double.arrived().len() >= count).then_some(()) };
    wait::until("as many requests", PATIENCE, arrived).await.expect("they arrive");
    let arrived = double.arrived();
    assert!(
        arrived.iter().all(|it| it.path == PATH && it.all("authorization") == ["Bearer token"]),
        "{arrived:?}"
    );
    arrived.into_iter().map(|it| it.method).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn each_step_of_the_switch_sends_requests_where_the_document_says() {
    for (step, reads, writes) in STEPS {
        let (old, atelier) = (Double::start(200, &[]).await, Double::start(201, &[]).await);
        let proxy = Proxy::start(step, old.address, atelier.address).await;
        // Writes first: a copy of one, which must not be, would arrive before that of the read.
        for (method, to) in [(Method::PUT, writes), (Method::GET, reads)] {
            let expected = match to {
                To::Old | To::Both => (200, None),
                To::Atelier => (201, None),
                To::Pause => (503, Some("30".to_owned())),
            };
            assert_eq!(proxy.asked(method).await, expected, "step {step}");
        }
        let expected = |goes: fn(To) -> bool| -> Vec<String> {
            let all = [("PUT", writes), ("GET", reads)];
            all.into_iter().filter(|(_, to)| goes(*to)).map(|(method, _)| method.to_owned()).collect()
        };
        let at_old = expected(|to| matches!(to, To::Old | To::Both));
        let at_atelier = expected(|to| matches!(to, To::Atelier | To::Both));
        assert_eq!(methods(&old, at_old.len()).await, at_old, "step {step}");
        assert_eq!(methods(&atelier, at_atelier.len()).await, at_atelier, "step {step}");
    }
}
