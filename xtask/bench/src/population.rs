//! `subject/seed.sql`'s formulas again: what a right answer holds, so that a wrong one can be told. It asks nobody.

/// Users with fifty paid orders each, whose models nobody else has.
const COLD_USERS: i64 = 100;
/// Paid orders of a cold user, a page full.
pub(crate) const COLD_ORDERS: i64 = 50;
/// Orders of every other user.
const ORDERS_OF_USER: i64 = 20;
/// Creators share the users.
const CREATORS: i64 = 500;

/// The stages by rung; rung 1 is the first.
const STAGES: [&str; 5] = ["created", "requested", "accepted", "completed", "paid"];

/// The rung of a paid order.
pub(crate) const PAID: u8 = 5;

/// What the contract calls a rung.
pub(crate) fn stage(rung: u8) -> &'static str {
    usize::from(rung).checked_sub(1).and_then(|at| STAGES.get(at)).copied().unwrap_or("no rung")
}

/// So many orders, and those of the cold users above them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Population {
    orders: i64,
}

/// Everything about one order as it was seeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) order_id: i64,
    pub(crate) requester_id: i64,
    pub(crate) creator: i64,
    pub(crate) rung: u8,
    pub(crate) alert: bool,
    pub(crate) version: i64,
    pub(crate) model_id: Option<String>,
}

/// An order whose requester may set and clear `requested` for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Toggle {
    pub(crate) order_id: i64,
    pub(crate) requester_id: i64,
}

impl Population {
    /// `None` unless the formulas hold for so many: a multiple of twenty, two thousand at least.
    pub(crate) fn of(orders: i64) -> Option<Self> {
        (orders >= 2000 && orders % ORDERS_OF_USER == 0).then_some(Self { orders })
    }

    pub(crate) fn orders(self) -> i64 {
        self.orders
    }

    pub(crate) fn users(self) -> i64 {
        self.orders / ORDERS_OF_USER
    }

    /// The facts of a seeded order.
    pub(crate) fn order(self, order_id: i64) -> Facts {
        if order_id > self.orders {
            return self.cold(order_id);
        }
        let (k, u) = ((order_id - 1) / self.users(), (order_id - 1) % self.users() + 1);
        let paid_from = ORDERS_OF_USER - (5 + u % 6);
        let rung = match (k + u) % ORDERS_OF_USER {
            r if r < 2 => 1,
            r if r < 6 => 2,
            r if r < 8 => 3,
            r if r < paid_from => 4,
            _ => PAID,
        };
        let alert = (u + 2 * k) % 40 == 3;
        let model = (13 * u + 101 * k) % 2000;
        Facts {
            order_id,
            requester_id: u,
            creator: u % CREATORS,
            rung,
            alert,
            version: i64::from(rung) + i64::from(alert),
            model_id: ((u + 3 * k) % ORDERS_OF_USER != 0).then(|| format!("65f0c0de{model:016x}")),
        }
    }

    fn cold(self, order_id: i64) -> Facts {
        let (c, n) =
            ((order_id - self.orders - 1) / COLD_ORDERS + 1, (order_id - self.orders - 1) % COLD_ORDERS + 1);
        Facts {
            order_id,
            requester_id: self.users() + c,
            creator: c % CREATORS,
            rung: PAID,
            alert: false,
            version: i64::from(PAID),
            model_id: Some(format!("c01d{:020x}", c * 1000 + n)),
        }
    }

    /// The nth cold user.
    pub(crate) fn cold_user(self, n: i64) -> i64 {
        self.users() + 1 + n % COLD_USERS
    }

    /// All orders of a user, newest first.
    pub(crate) fn of_user(self, user: i64) -> Vec<Facts> {
        let ids: Vec<i64> = if user > self.users() {
            let first = self.orders + (user - self.users() - 1) * COLD_ORDERS;
            (first + 1..=first + COLD_ORDERS).rev().collect()
        } else {
            (0..ORDERS_OF_USER).rev().map(|k| user + k * self.users()).collect()
        };
        ids.into_iter().map(|id| self.order(id)).collect()
    }

    /// How many different orders [`Self::toggle`] gives before it comes back.
    pub(crate) fn toggles(self) -> i64 {
        5 * self.users()
    }

    /// The nth of the orders on rung 1 or 2. A warm-up has others (r = 5) than what is measured (r = 0 to 4).
    pub(crate) fn toggle(self, n: i64, warming: bool) -> Toggle {
        let u = n % self.users() + 1;
        let r = if warming { 5 } else { n / self.users() % 5 };
        Toggle { order_id: u + (r - u).rem_euclid(ORDERS_OF_USER) * self.users(), requester_id: u }
    }
}

impl Facts {
    /// Whether a toggle may have moved it since.
    pub(crate) fn toggles(&self) -> bool {
        self.rung <= 2
    }

    /// Its rung after so many toggles, each of which changed it.
    pub(crate) fn rung_after(&self, moves: i64) -> u8 {
        if moves % 2 == 0 { self.rung } else { 3 - self.rung }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formulas_want_twenty_orders_a_user() {
        assert!(Population::of(2000).is_some());
        assert!(Population::of(2010).is_none() && Population::of(1980).is_none());
    }

    #[test]
    fn every_toggle_is_an_order_that_its_requester_may_flip_and_none_comes_twice() {
        let population = Population::of(2000).expect("a population");
        let mut seen = std::collections::HashSet::new();
        for n in 0..population.toggles() {
            let toggle = population.toggle(n, false);
            let facts = population.order(toggle.order_id);
            assert!(facts.toggles() && facts.requester_id == toggle.requester_id, "{facts:?}");
            assert!(seen.insert(toggle.order_id), "{toggle:?} comes twice");
        }
        for n in 0..population.users() {
            assert!(!seen.contains(&population.toggle(n, true).order_id), "the warm-up has its own");
        }
    }

    #[test]
    fn a_toggle_goes_up_and_down_between_two_rungs() {
        let population = Population::of(2000).expect("a population");
        let facts = population.order(population.toggle(0, false).order_id);
        assert_eq!(facts.rung_after(0), facts.rung);
        assert_eq!(facts.rung_after(1) + facts.rung, 3);
        assert_eq!(facts.rung_after(2), facts.rung);
    }

    #[test]
    fn a_cold_user_has_fifty_paid_orders_and_fifty_models() {
        let population = Population::of(2000).expect("a population");
        let orders = population.of_user(population.cold_user(7));
        let models: std::collections::HashSet<_> = orders.iter().map(|facts| &facts.model_id).collect();
        assert!(orders.iter().all(|facts| facts.rung == PAID));
        assert_eq!((orders.len(), models.len()), (50, 50));
    }
}
