//! The states that a resource can be in, and what each tool is to make of them.

/// One state. What the controller says in it is recorded in `testdata/NAME.yaml` beside the scripts
/// for Argo CD.
pub struct State {
    pub name: &'static str,
    /// For people.
    pub when: &'static str,
    pub argocd: &'static str,
    /// Flux with our healthCheckExprs.
    pub flux: &'static str,
    /// The generic rules alone: Helm's `--wait`, Flux without healthCheckExprs.
    pub kstatus: &'static str,
}

const fn state(
    name: &'static str,
    when: &'static str,
    [argocd, flux, kstatus]: [&'static str; 3],
) -> State {
    State { name, when, argocd, flux, kstatus }
}

const WAIT: [&str; 3] = ["Progressing", "InProgress", "InProgress"];
const GOOD: [&str; 3] = ["Healthy", "Current", "Current"];
const BAD: [&str; 3] = ["Degraded", "Failed", "Failed"];
const HELD: [&str; 3] = ["Suspended", "InProgress", "InProgress"];
const LEAVING: [&str; 3] = ["Progressing", "InProgress", "Terminating"];

/// In the order of a resource's life.
pub const STATES: [State; 20] = [
    state("not-seen", "applied, and not seen by the controller yet", WAIT),
    state("being-made", "the role is being made", WAIT),
    state("waiting-for-aws", "AWS does not show yet what was just done", WAIT),
    state("throttled", "AWS refuses calls for a while", WAIT),
    state("denied-at-first", "AWS denies a call, for less than 20 seconds", WAIT),
    state("healthy", "AWS equals the resource", GOOD),
    state("generation-behind", "the spec changed, and the controller has not seen it", WAIT),
    state("denied", "AWS denies a call, again and again", BAD),
    state("refused", "the controller refuses the spec", BAD),
    state("refused-by-aws", "AWS refuses what the spec asks for", BAD),
    state("not-owned", "a role of that name belongs to somebody else", BAD),
    state("paused", "the annotation `rolewright.dev/paused` is set", HELD),
    state("observing", "`driftPolicy: Observe`, and the role differs", HELD),
    state("change-held", "a version or setting changes many roles, and nobody confirmed it", HELD),
    // The generic rules know of no end: they wait for ever.
    state(
        "expired",
        "the lifetime is over and the role removed",
        ["Healthy", "Current", "InProgress"],
    ),
    state("expired-and-held", "the lifetime is over and something holds the role", BAD),
    state("deleting", "deleted, the role is being removed", LEAVING),
    state("deletion-blocked", "deleted, and something holds the role", LEAVING),
    state("deletion-paused", "deleted while it is paused", LEAVING),
    state("deletion-held", "deleted with many others, and nobody confirmed it", LEAVING),
];
