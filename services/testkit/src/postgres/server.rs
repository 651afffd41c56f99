//! One server: made, started until it answers, stopped, started again on the same port.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};

use super::binaries::Binaries;
use super::error::ServerError;
use super::folder;
use super::options::{
    CERTIFICATE_FILE, DataFolder, Durability, KEY_FILE, STOP_DEADLINE, ServerOptions, StopMode,
};
use super::process::{self, Process, Signal};
use super::{Progress, SUPERUSER, password, stale};
use crate::wait;

const READY_DEADLINE: Duration = Duration::from_mins(1);
/// A port that was free a moment ago may be taken when the server comes; so often is another one tried.
const PORTS_TRIED: u32 = 5;
/// How much of the log an error shows.
const LOG_TAIL_BYTES: u64 = 4096;
/// The file that tells the supervising shell to leave a temporary folder alone.
const KEEP: &str = "keep";

/// A server that ends with this value, and with this process.
#[derive(Debug)]
pub struct PostgresServer {
    binaries: Binaries,
    options: ServerOptions,
    folder: PathBuf,
    as_nobody: bool,
    port: u16,
    log: File,
    /// Asked of everybody who connects; `None`: nobody is asked.
    password: Option<String>,
    process: Option<Process>,
}

impl PostgresServer {
    /// Finds or fetches the programs, makes the data if it is new, and starts. `progress` is told each step.
    pub async fn start(
        options: ServerOptions,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Self, ServerError> {
        let binaries = Binaries::find(progress).await.map_err(ServerError::Binaries)?;
        let folder = match &options.data {
            DataFolder::Temporary => folder::temporary(),
            DataFolder::Kept(path) => folder::kept(path).map(|()| path.clone()),
        }
        .map_err(ServerError::Folder)?;
        let system = |what| move |source| ServerError::System { what, source };
        let as_nobody =
            folder::runs_as_nobody(&folder).map_err(system("the data folder cannot be looked at"))?;
        let log = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(folder.join("server.log"))
            .map_err(system("the log cannot be opened"))?;
        let port = options.port;
        let mut server =
            Self { binaries, options, folder, as_nobody, port, log, password: None, process: None };
        server.write_certificate().map_err(system("the certificate cannot be written"))?;
        server.create(progress).await?;
        server.start_again(progress).await?;
        Ok(server)
    }

    /// Starts a server that was stopped, on the same port and the same data.
    pub async fn start_again(
        &mut self,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), ServerError> {
        stale::clear(&self.folder).await?;
        self.keep_folder()?;
        let choose = self.port == 0;
        let mut attempt = 1;
        loop {
            if choose {
                self.port = wait::free_port()
                    .map_err(|source| ServerError::System { what: "there is no free port", source })?;
            }
            match self.launch(progress).await {
                Err(ServerError::NotReady { log, .. })
                    if choose && attempt < PORTS_TRIED && log.contains("Address already in use") => {}
                Ok(()) => return self.forget_folder(),
                Err(error) => return Err(error),
            }
            attempt += 1;
        }
    }

    /// Stops it and keeps its data, so that it can be started again. Fast shutdown turns immediate when it takes too long.
    pub async fn stop(&mut self, mode: StopMode) -> Result<(), ServerError> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        self.keep_folder()?;
        process.signal(match mode {
            StopMode::Fast => Signal::Interrupt,
            StopMode::Immediate => Signal::Quit,
            StopMode::Killed => Signal::Kill,
        });
        if ended(&mut process).await {
            return Ok(());
        }
        process.signal(Signal::Quit);
        if ended(&mut process).await { Ok(()) } else { Err(ServerError::NotStopped) }
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How `user` connects to `database`.
    pub fn options(&self, user: &str, database: &str) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass()
            .host(&Ipv4Addr::LOCALHOST.to_string())
            .port(self.port)
            .username(user)
            .database(database)
            .ssl_mode(PgSslMode::Disable);
        match &self.password {
            Some(password) => options.password(password),
            None => options,
        }
    }

    /// The superuser's password, where the server asks for one. It lies in the file `password` beside the data.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// The superuser's address of `database`.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}@{}:{}/{database}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// The shell removes a temporary folder when its server ends, unless it is told that there will be a next one.
    fn keep_folder(&self) -> Result<(), ServerError> {
        if self.options.data == DataFolder::Temporary {
            File::create(self.folder.join(KEEP)).map_err(|source| ServerError::System {
                what: "the data could not be marked as kept",
                source,
            })?;
        }
        Ok(())
    }

    fn forget_folder(&self) -> Result<(), ServerError> {
        if self.options.data == DataFolder::Temporary {
            fs::remove_file(self.folder.join(KEEP)).map_err(|source| ServerError::System {
                what: "the data could not be marked as temporary",
                source,
            })?;
        }
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn write_certificate(&self) -> io::Result<()> {
        let Some(certificate) = &self.options.certificate else { return Ok(()) };
        for (name, text) in [(CERTIFICATE_FILE, certificate.pem()), (KEY_FILE, certificate.key_pem())] {
            folder::write_private(&self.folder.join(name), text, self.as_nobody)?;
        }
        Ok(())
    }

    async fn create(&mut self, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<(), ServerError> {
        if let Ok(found) = fs::read_to_string(self.data().join("PG_VERSION")) {
            self.password = password::known(&self.folder).map_err(unusable_password)?;
            return self.check_version(found.trim());
        }
        progress(Progress::Creating(self.folder.clone()));
        let mut initdb = Command::new(self.binaries.program("initdb"));
        process::prepare(&mut initdb, self.as_nobody);
        initdb.arg("--pgdata").arg(self.data()).args([
            "--username",
            SUPERUSER,
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--no-instructions",
        ]);
        if self.options.asks_password {
            self.password = Some(password::make(&self.folder, self.as_nobody).map_err(unusable_password)?);
            initdb.args(["--auth", "scram-sha-256", "--pwfile"]).arg(password::file(&self.folder));
        } else {
            initdb.args(["--auth", "trust"]);
        }
        if self.options.durability == Durability::None {
            initdb.arg("--no-sync");
        }
        let output = tokio::task::spawn_blocking(move || initdb.output())
            .await
            .map_err(io::Error::other)
            .and_then(|output| output)
            .map_err(|source| ServerError::System { what: "initdb could not be run", source })?;
        if output.status.success() {
            return Ok(());
        }
        let printed = [output.stdout, output.stderr].concat();
        Err(ServerError::Create { output: String::from_utf8_lossy(&printed).into_owned() })
    }

    fn check_version(&self, found: &str) -> Result<(), ServerError> {
        let mut version = Command::new(self.binaries.program("postgres"));
        version.arg("--version");
        let output = version
            .output()
            .map_err(|source| ServerError::System { what: "postgres --version could not be run", source })?;
        let ours = String::from_utf8_lossy(&output.stdout);
        let number = ours.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        if number.and_then(|number| number.split('.').next()) == Some(found) {
            return Ok(());
        }
        Err(ServerError::OtherVersion { folder: self.folder.clone(), found: found.to_owned() })
    }

    async fn launch(&mut self, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<(), ServerError> {
        let port = self.port;
        progress(Progress::Starting { port });
        let mut command = Command::new(self.binaries.program("postgres"));
        command.arg("-D").arg(self.data());
        for (name, value) in self.options.settings(port) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let rubbish = (self.options.data == DataFolder::Temporary).then_some(self.folder.as_path());
        let mut process = Process::start(&command, self.as_nobody, rubbish, &self.log)
            .map_err(|source| ServerError::System { what: "postgres could not be run", source })?;
        let options = self.options(SUPERUSER, "postgres");
        let answered = wait::until("PostgreSQL answers", READY_DEADLINE, || {
            let gone = process.has_ended();
            let options = &options;
            async move {
                match PgConnection::connect_with(options).await {
                    Ok(connection) => connection.close().await.ok().map(|()| true),
                    Err(_) => gone.then_some(false),
                }
            }
        })
        .await;
        if answered.unwrap_or(false) {
            self.process = Some(process);
            progress(Progress::Ready { port });
            return Ok(());
        }
        Err(ServerError::NotReady { port, log: self.log_tail() })
    }

    fn log_tail(&mut self) -> String {
        let length = self.log.metadata().map_or(0, |metadata| metadata.len());
        let mut text = Vec::new();
        let from = length.saturating_sub(LOG_TAIL_BYTES);
        let read = self.log.seek(SeekFrom::Start(from)).and_then(|_| self.log.read_to_end(&mut text));
        match read {
            Ok(_) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => format!("(it cannot be read: {error})"),
        }
    }
}

impl Drop for PostgresServer {
    /// A running server is asked to end by the end of its pipe, and its shell tidies up. A stopped one left its folder to us.
    fn drop(&mut self) {
        if self.process.is_none() && self.options.data == DataFolder::Temporary {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

async fn ended(process: &mut Process) -> bool {
    wait::until("PostgreSQL ends", STOP_DEADLINE, || {
        let ended = process.has_ended();
        async move { ended.then_some(()) }
    })
    .await
    .is_ok()
}

fn unusable_password(source: io::Error) -> ServerError {
    ServerError::System { what: "the file of the password cannot be used", source }
}
