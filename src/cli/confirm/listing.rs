//! What is held, as an operator is shown it.

use std::{collections::BTreeMap, fmt::Write};

use jiff::Timestamp;

use crate::{
    api::{condition, reason, resource::Resource},
    plan::{
        decide::brakes::{
            Counted,
            confirm::{Accepted, Confirmation, Verb, digest, item},
        },
        say::conditions,
    },
};

/// What is held of one kind.
#[derive(Debug)]
pub struct Listing {
    held: Vec<Resource>,
    items: Vec<String>,
    /// Confirmed, and not carried out yet: they wait for those before them.
    waiting: usize,
    /// Of those that were confirmed: who is not as written, and why.
    stopped: Vec<String>,
}

impl Listing {
    /// Picks it from all resources.
    pub fn of(
        mut resources: Vec<Resource>,
        counted: Counted,
        accepted: &[Accepted],
        now: Timestamp,
    ) -> Self {
        resources.sort_by(|one, other| one.key.cmp(&other.key));
        let held_for =
            if counted == Counted::Changes { reason::CHANGE_HELD } else { reason::REMOVAL_HELD };
        let mut listing =
            Self { held: Vec::new(), items: Vec::new(), waiting: 0, stopped: Vec::new() };
        for resource in resources {
            let item = item(counted, &resource.uid, resource.status.desired_hash.as_deref());
            let confirmed = accepted.iter().any(|known| known.confirms(counted, &item, now));
            let ready = conditions::find(&resource.status.conditions, condition::READY);
            let Some(ready) = ready else { continue };
            match (ready.reason == held_for, confirmed) {
                (true, true) => listing.waiting += 1,
                (true, false) => {
                    listing.held.push(resource);
                    listing.items.push(item);
                }
                (false, true) if ready.status != condition::State::True.name() => {
                    let line =
                        format!("IAMRole {}: {}: {}", resource.key, ready.reason, ready.message);
                    listing.stopped.push(line);
                }
                (false, _) => {}
            }
        }
        listing
    }

    /// True when nothing is to be confirmed.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// How many are to be confirmed.
    pub fn number(&self) -> usize {
        self.held.len()
    }

    /// The confirmation of all of them.
    pub fn confirmation(&self, verb: Verb, until: Timestamp) -> Confirmation {
        let digest = digest(self.items.iter().map(String::as_str));
        Confirmation { verb, number: self.number(), digest, until }
    }

    /// For a person: the sum first, then each.
    pub fn text(&self, verb: Verb) -> String {
        let mut text = String::new();
        let (what, kind) = match verb {
            Verb::Removals | Verb::Keep => ("would be removed", "removals"),
            Verb::Changes => ("would change", "changes"),
        };
        if self.waiting > 0 {
            let _ =
                writeln!(text, "{kind}: {} are confirmed and wait for their turn", self.waiting);
        }
        for line in &self.stopped {
            let _ = writeln!(text, "not as written yet: {line}");
        }
        if self.is_empty() {
            let _ = writeln!(text, "{kind}: nothing is held");
            return text;
        }
        let _ = writeln!(text, "{kind}: {} roles {what}", self.number());
        for (namespace, count) in self.by_namespace() {
            let _ = writeln!(text, "  {count:>6}  namespace {namespace}");
        }
        let plans = self.plans();
        if verb == Verb::Changes && !plans.is_empty() {
            let _ = writeln!(text, "in sum:");
            for (count, line) in plans {
                let _ = writeln!(text, "  {count:>6}  {line}");
            }
        }
        let _ = writeln!(text, "in full:");
        for resource in &self.held {
            let _ = writeln!(text, "  {}  role {}", resource.key, role(resource));
            if verb == Verb::Changes {
                for line in resource.status.plan.iter().flatten() {
                    let _ = writeln!(text, "    {line}");
                }
            }
        }
        text
    }

    fn by_namespace(&self) -> BTreeMap<&str, usize> {
        let mut spaces = BTreeMap::new();
        for resource in &self.held {
            let count: &mut usize = spaces.entry(resource.key.namespace.as_str()).or_default();
            *count = count.saturating_add(1);
        }
        spaces
    }

    /// Lines of plans that are the same but for the name of the role, the most frequent first.
    fn plans(&self) -> Vec<(usize, String)> {
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        for resource in &self.held {
            let name = role(resource);
            for line in resource.status.plan.iter().flatten() {
                let line = if name.is_empty() { line.clone() } else { line.replace(name, "ROLE") };
                let count = lines.entry(line).or_default();
                *count = count.saturating_add(1);
            }
        }
        let mut lines: Vec<(usize, String)> =
            lines.into_iter().map(|(line, count)| (count, line)).collect();
        lines.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        lines
    }
}

fn role(resource: &Resource) -> &str {
    resource.status.role_name.as_deref().unwrap_or_default()
}
