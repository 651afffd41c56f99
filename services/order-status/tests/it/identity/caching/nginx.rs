//! The real NGINX in front of a service, keeping whatever answers it may.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use testkit::file::TestFile;
use testkit::wait;
use tokio::net::TcpStream;

use crate::identity::callers::{CREATOR, GATEWAY_SECRET, OPERATOR, REQUESTER, STRANGER};
use crate::support::PATIENCE;

/// A running NGINX. It is killed with this value.
pub(super) struct Nginx {
    pub(super) address: SocketAddr,
    child: Child,
    _configuration: TestFile,
}

impl Nginx {
    /// In front of `service` at `/`, and of `cacheable` at `/cacheable`. At `/careless/` it keeps answers of the service
    /// whatever their headers say. Who a caller is it knows by a cookie, and tells the service as its gateway.
    pub(super) async fn start(service: SocketAddr, cacheable: SocketAddr) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], wait::free_port().expect("a port")));
        let configuration = TestFile::new(&configuration(address, service, cacheable)).expect("a file");
        // All that it writes lies beside its configuration.
        let folder = Path::new(configuration.path()).parent().expect("a folder");
        let child = Command::new("nginx")
            .args(["-c", configuration.path(), "-e", "stderr", "-p"])
            .arg(folder)
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx starts");
        let nginx = Self { address, child, _configuration: configuration };
        let listens = || async { TcpStream::connect(address).await.ok() };
        wait::until("nginx listens", PATIENCE, listens).await.expect("it listens");
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One process, so that killing it leaves nothing behind.
fn configuration(address: SocketAddr, service: SocketAddr, cacheable: SocketAddr) -> String {
    let people = [REQUESTER, CREATOR, STRANGER, OPERATOR];
    let map = |what: &str, of: &dyn Fn(usize) -> String| {
        let lines = people.iter().enumerate().map(|(at, who)| format!("{} \"{}\";", who.user_id, of(at)));
        format!("map $cookie_person ${what} {{ default \"\"; {} }}", lines.collect::<String>())
    };
    let user_ids = map("person_id", &|at| people[at].user_id.to_owned());
    let usernames = map("person_name", &|at| people[at].username.unwrap_or_default().to_owned());
    let roles =
        map("person_roles", &|at| if people[at].operator { "operator".to_owned() } else { String::new() });
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {what};\n"))
        .concat();
    format!(
        "daemon off;
        master_process off;
        pid pid;
        events {{ worker_connections 128; }}
        http {{
            access_log off;
            {temporary}
            {user_ids}
            {usernames}
            {roles}
            proxy_cache_path cache keys_zone=all:1m;
            proxy_cache all;
            proxy_cache_valid any 1m;
            proxy_cache_lock on;
            proxy_cache_use_stale error timeout http_404 http_500 http_503;
            proxy_set_header X-Gateway-Secret {GATEWAY_SECRET};
            proxy_set_header X-User-Id $person_id;
            proxy_set_header X-Username $person_name;
            proxy_set_header X-Roles $person_roles;
            add_header x-cache $upstream_cache_status always;
            server {{
                listen {address};
                location / {{ proxy_pass http://{service}; }}
                location /cacheable {{ proxy_pass http://{cacheable}; }}
                location /careless/ {{
                    proxy_ignore_headers Cache-Control Expires Vary;
                    proxy_pass http://{service}/;
                }}
            }}
        }}"
    )
}
