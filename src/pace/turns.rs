//! Who waits for a call, and whose turn is next: the tenant that was served longest ago, and of its
//! callers first those that may close opened access, then the one that came first. A caller waits
//! for one call at a time, so that within a tenant resource follows resource.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::ports::{Behalf, Tenant};

/// Number of a caller that waits.
pub(super) type Ticket = u64;

/// Those who wait, with what wakes each of them.
#[derive(Debug)]
pub(super) struct Turns<W> {
    lines: BTreeMap<Tenant, Line<W>>,
    /// The tenants that wait, by when they were served last.
    order: BTreeSet<(u64, Tenant)>,
    /// Kept as long as somebody waits: after that all are equal again.
    served: HashMap<Tenant, u64>,
    count: u64,
}

#[derive(Debug)]
struct Line<W> {
    urgent: VecDeque<(Ticket, W)>,
    rest: VecDeque<(Ticket, W)>,
}

impl<W> Turns<W> {
    pub(super) fn new() -> Self {
        Self { lines: BTreeMap::new(), order: BTreeSet::new(), served: HashMap::new(), count: 0 }
    }

    /// Somebody waits from now on.
    pub(super) fn join(&mut self, behalf: &Behalf, ticket: Ticket, wake: W) {
        let tenant = &behalf.tenant;
        self.order.insert((self.served_at(tenant), tenant.clone()));
        let line = self
            .lines
            .entry(tenant.clone())
            .or_insert_with(|| Line { urgent: VecDeque::new(), rest: VecDeque::new() });
        if behalf.urgent { &mut line.urgent } else { &mut line.rest }.push_back((ticket, wake));
    }

    /// Takes out the one whose turn is next.
    pub(super) fn next(&mut self) -> Option<(Ticket, W)> {
        let Some((_, tenant)) = self.order.pop_first() else {
            self.served.clear();
            return None;
        };
        let line = self.lines.get_mut(&tenant)?;
        let next = line.urgent.pop_front().or_else(|| line.rest.pop_front());
        let waits = !(line.urgent.is_empty() && line.rest.is_empty());
        self.serve(&tenant);
        if waits {
            self.order.insert((self.served_at(&tenant), tenant));
        } else {
            self.lines.remove(&tenant);
        }
        next
    }

    /// Notes that a tenant has its turn.
    pub(super) fn serve(&mut self, tenant: &Tenant) {
        self.count += 1;
        self.served.insert(tenant.clone(), self.count);
    }

    /// Somebody does not wait any more, and has had no turn.
    pub(super) fn leave(&mut self, tenant: &Tenant, ticket: Ticket) {
        let Some(line) = self.lines.get_mut(tenant) else { return };
        line.urgent.retain(|(other, _)| *other != ticket);
        line.rest.retain(|(other, _)| *other != ticket);
        if line.urgent.is_empty() && line.rest.is_empty() {
            self.lines.remove(tenant);
            self.order.remove(&(self.served_at(tenant), tenant.clone()));
        }
    }

    fn served_at(&self, tenant: &Tenant) -> u64 {
        self.served.get(tenant).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(namespace: &str) -> Behalf {
        Behalf::namespace(namespace, false)
    }

    /// All who wait, in the order of their turns.
    fn drain(turns: &mut Turns<()>) -> Vec<Ticket> {
        std::iter::from_fn(|| turns.next().map(|(ticket, ())| ticket)).collect()
    }

    #[test]
    fn tenants_have_their_turns_one_after_the_other() {
        let mut turns = Turns::new();
        for ticket in 0..4 {
            turns.join(&of("busy"), ticket, ());
        }
        turns.join(&of("other"), 10, ());
        turns.join(&Behalf::SWEEPS, 20, ());
        turns.join(&of("other"), 11, ());
        assert_eq!(drain(&mut turns), [20, 0, 10, 1, 11, 2, 3]);
    }

    #[test]
    fn one_who_comes_back_does_not_go_before_those_who_wait() {
        let mut turns = Turns::new();
        turns.join(&of("a"), 1, ());
        assert_eq!(turns.next(), Some((1, ())));
        turns.join(&of("b"), 2, ());
        turns.join(&of("a"), 3, ());
        assert_eq!(drain(&mut turns), [2, 3]);
    }

    #[test]
    fn what_closes_opened_access_goes_first_within_its_tenant_and_no_further() {
        let mut turns = Turns::new();
        turns.join(&of("a"), 1, ());
        turns.join(&of("a"), 2, ());
        turns.join(&of("b"), 3, ());
        turns.join(&Behalf::namespace("b", true), 4, ());
        turns.join(&Behalf::namespace("b", true), 5, ());
        assert_eq!(drain(&mut turns), [1, 4, 2, 5, 3]);
    }

    #[test]
    fn one_who_leaves_gives_the_turn_back() {
        let mut turns = Turns::new();
        for (ticket, namespace) in [(1, "a"), (2, "a"), (3, "b"), (4, "c")] {
            turns.join(&of(namespace), ticket, ());
        }
        turns.leave(&of("a").tenant, 1);
        turns.leave(&of("b").tenant, 3);
        turns.leave(&of("b").tenant, 3);
        assert_eq!(drain(&mut turns), [2, 4]);
        assert!(turns.lines.is_empty() && turns.order.is_empty() && turns.served.is_empty());
    }

    proptest! {
        /// Whoever comes, goes and is urgent: nobody is lost, nobody is served twice, and one who
        /// waits sees each other tenant served at most once before its own tenant.
        #[test]
        fn law_every_nth_turn(
            moves in prop::collection::vec((0u8..5, 0u8..4, any::<bool>()), 1..200),
        ) {
            let mut turns = Turns::new();
            let mut waiting: Vec<(Ticket, Behalf)> = Vec::new();
            // Tenants served since a tenant began to wait, or was served last.
            let mut since: BTreeMap<Tenant, Vec<Tenant>> = BTreeMap::new();
            for (ticket, (what, namespace, urgent)) in (0..).zip(moves) {
                let behalf = Behalf::namespace(&namespace.to_string(), urgent);
                match what {
                    0..=2 => {
                        turns.join(&behalf, ticket, ());
                        since.entry(behalf.tenant.clone()).or_default();
                        waiting.push((ticket, behalf));
                    }
                    3 => {
                        if let Some((ticket, behalf)) = waiting.pop() {
                            turns.leave(&behalf.tenant, ticket);
                            if !waiting.iter().any(|(_, other)| other.tenant == behalf.tenant) {
                                since.remove(&behalf.tenant);
                            }
                        }
                    }
                    _ => {
                        let served = turns.next().map(|(ticket, ())| ticket);
                        prop_assert_eq!(served.is_none(), waiting.is_empty());
                        let Some(served) = served else { continue };
                        let place = waiting.iter().position(|(ticket, _)| *ticket == served);
                        let (_, behalf) = waiting.remove(place.expect("who waits is served once"));
                        let first = !waiting.iter().any(|(ticket, other)| {
                            other.tenant == behalf.tenant
                                && (other.urgent, served) > (behalf.urgent, *ticket)
                        });
                        prop_assert!(first, "urgent before others, then as they came");
                        since.remove(&behalf.tenant);
                        for others in since.values_mut() {
                            prop_assert!(!others.contains(&behalf.tenant), "a second turn");
                            others.push(behalf.tenant.clone());
                        }
                        if waiting.iter().any(|(_, other)| other.tenant == behalf.tenant) {
                            since.insert(behalf.tenant, Vec::new());
                        }
                    }
                }
            }
            let mut rest = drain(&mut turns);
            rest.sort_unstable();
            prop_assert_eq!(rest, waiting.iter().map(|(ticket, _)| *ticket).collect::<Vec<_>>());
        }
    }
}
