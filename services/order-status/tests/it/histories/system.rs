//! Two programs on one database, each behind a link to its callers and each with a link to the database: what histories are
//! made on, and what happens to it meanwhile.

use std::sync::{Arc, Mutex};

use rand::Rng;
use rand::rngs::StdRng;
use testkit::proxy::{Link, Proxy};
use testkit::{Role, TestDatabase, wait};

use super::altered::{Alteration, Altered};
use super::record::Record;
use crate::support::program::Program;
use crate::support::{Instance, PATIENCE};

/// What goes wrong in the course of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing does.
    Calm,
    /// One answer in ten is lost on its way to the caller.
    LostAnswers,
    /// Connections to the database break in the midst of an answer.
    CutDatabase,
    /// A program is killed, and another takes its place.
    Killed,
}

impl Fault {
    pub(super) const ALL: [Self; 4] = [Self::Calm, Self::LostAnswers, Self::CutDatabase, Self::Killed];
}

/// A program, and the link to its callers.
pub(super) struct Running {
    program: Program,
    front: Proxy,
    /// By way of the link.
    pub(super) instance: Instance,
}

/// A place where a program runs, most of the time.
pub(super) struct Node {
    url: String,
    to_database: Proxy,
    altered: Option<Altered>,
    running: Mutex<Option<Arc<Running>>>,
}

/// Both nodes, and what they share.
pub(super) struct System {
    pub(super) database: TestDatabase,
    pub(super) nodes: [Node; 2],
}

impl System {
    /// Both programs, ready. What they send to the database may be altered on its way.
    pub(super) async fn start(database: TestDatabase, alteration: Option<Alteration>) -> Self {
        let nodes = [Node::start(&database, alteration).await, Node::start(&database, alteration).await];
        Self { database, nodes }
    }

    /// How many statements were altered.
    pub(super) fn altered(&self) -> usize {
        self.nodes.iter().filter_map(|node| node.altered.as_ref()).map(Altered::count).sum()
    }

    /// Lets `fault` happen while questions are asked: so many in all.
    pub(super) async fn suffer(&self, fault: Fault, record: &Record, all: usize, chance: &mut StdRng) {
        match fault {
            Fault::Calm => {}
            Fault::LostAnswers => {
                for node in &self.nodes {
                    let link = Link::LosesAnswers { per_mille: 100, seed: chance.random() };
                    node.running().expect("it runs").front.set(link);
                }
            }
            Fault::CutDatabase => {
                for part in 1..4 {
                    asked(record, all * part / 5).await;
                    let node = &self.nodes[chance.random_range(0..2)];
                    node.to_database.set(Link::CutAfter(chance.random_range(0..4_000)));
                }
            }
            Fault::Killed => {
                asked(record, chance.random_range(all / 5..all / 2)).await;
                let node = &self.nodes[chance.random_range(0..2)];
                let killed = node.running.lock().expect("a node").take();
                killed.expect("it runs").program.signal("KILL");
                node.run().await;
            }
        }
    }

    /// Everything is as it should be again.
    pub(super) async fn heal(&self) {
        for node in &self.nodes {
            node.to_database.set(Link::Sound);
            let running = node.running().expect("it runs");
            running.front.set(Link::Sound);
            running.instance.until_ready().await;
        }
    }
}

impl Node {
    async fn start(database: &TestDatabase, alteration: Option<Alteration>) -> Self {
        let to_database = Proxy::start(database.host(), database.port()).await.expect("a proxy");
        let altered = match alteration {
            Some(alteration) => Some(Altered::start(to_database.address(), alteration).await),
            None => None,
        };
        let way = altered.as_ref().map_or(to_database.address(), Altered::address);
        let url = database.url_through(Role::Writer, way);
        let node = Self { url, to_database, altered, running: Mutex::default() };
        node.run().await;
        node
    }

    async fn run(&self) {
        let program = Program::serve(&self.url, &[]);
        let instance = program.instance().await;
        let front = Proxy::start(&instance.address.ip().to_string(), instance.address.port()).await;
        let front = front.expect("a proxy");
        instance.until_ready().await;
        let instance = Instance::at(front.address(), instance.ops_address);
        let running = Running { program, front, instance };
        *self.running.lock().expect("a node") = Some(Arc::new(running));
    }

    /// What runs here now.
    pub(super) fn running(&self) -> Option<Arc<Running>> {
        self.running.lock().expect("a node").clone()
    }
}

/// Waits until so many questions were asked.
async fn asked(record: &Record, count: usize) {
    let is_so = || async { (record.asked() >= count).then_some(()) };
    wait::until("as many questions", PATIENCE, is_so).await.expect("clients ask");
}
