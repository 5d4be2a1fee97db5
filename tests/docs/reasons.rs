//! `docs/reasons/`: a page for each reason. Down to its first section a page is made of
//! `src/api/reason.rs` and of what the controller reports; the sections below are written by hand.
//! `ROLEWRIGHT_UPDATE=1 cargo test --test docs reasons` refreshes the heads, and begins the page of
//! a new reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rolewright::api::{RoleStatus, condition, object::Pause, reason};
use rolewright::plan::decide::ownership::NotOurs;
use rolewright::plan::failure::{IamError, IamErrorClass as Class};
use rolewright::plan::say::conditions::find;
use rolewright::plan::say::verdict::{Meanwhile, REFUSALS, Verdict};
use rolewright::plan::say::words::conclude;

use crate::page::ROOT;

const NOTE: &str = "<!-- Made of src/api/reason.rs down to the first section: ROLEWRIGHT_UPDATE=1 \
    cargo test --test docs reasons -->";

fn folder() -> PathBuf {
    Path::new(ROOT).join("docs/reasons")
}

/// Every way in which a pass can end.
fn verdicts() -> Vec<Verdict> {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let mut verdicts = vec![
        Verdict::Ready,
        Verdict::ReadyUnseen,
        Verdict::ReadyUnusable(Vec::new()),
        Verdict::Invalid(Vec::new(), Meanwhile::Nothing),
        Verdict::BeyondLimits(Vec::new()),
        Verdict::NotOwned(NotOurs { reason: reason::NOT_OWNED, why: String::new() }),
        Verdict::NotOwned(NotOurs { reason: reason::OWNERSHIP_CONTESTED, why: String::new() }),
        Verdict::NameConflict(String::new()),
        Verdict::NamespaceFull(1),
        Verdict::WouldChange,
        Verdict::Paused { pause: Pause::Yes, deleting: true },
        Verdict::Expired { end: now, made: true },
        Verdict::DeletionBlocked(String::new()),
        Verdict::NotAnnotated(String::new()),
        Verdict::Waiting(reason::WAITING_FOR_ABSENCE, String::new()),
        Verdict::Waiting(reason::WAITING_FOR_CREATE, String::new()),
        Verdict::Waiting(reason::CLOCKS_APART, String::new()),
        Verdict::Working(reason::PROGRESSING, String::new()),
        Verdict::Working(reason::DELETING, String::new()),
        Verdict::Held(reason::REMOVAL_HELD, String::new()),
        Verdict::Held(reason::CHANGE_HELD, String::new()),
        Verdict::PrincipalReplaced { written: true },
        Verdict::DriftContested(Vec::new()),
        Verdict::Panicked,
    ];
    verdicts.extend(Class::ALL.map(|class| {
        Verdict::Failed(
            IamError { action: "GetRole", class, message: String::new(), request_id: None },
            None,
        )
    }));
    verdicts
}

/// The conditions in which each reason is shown. A reason that is missing stands on Events only.
fn shown() -> BTreeMap<String, BTreeSet<String>> {
    let mut shown: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for verdict in verdicts() {
        let mut status = RoleStatus::default();
        conclude(&mut status, 1, &verdict, jiff::Timestamp::UNIX_EPOCH);
        let pairs = status
            .conditions
            .iter()
            .map(|condition| format!("`{}={}`", condition.type_, condition.status));
        let line = pairs.collect::<Vec<_>>().join(" ");
        let ready = find(&status.conditions, condition::READY).expect("Ready is always present");
        shown.entry(ready.reason.clone()).or_default().insert(line);
    }
    // What often passes by itself is given up when it lasts; for that a pass needs a history.
    let waited = format!(
        "`{}=False` `{}=False` `{}=True`",
        condition::READY,
        condition::SYNCED,
        condition::STALLED
    );
    for given_up in [reason::INVALID_PRINCIPAL, reason::ACCESS_DENIED, reason::NOT_FOUND] {
        shown.entry(given_up.to_owned()).or_default().insert(waited.clone());
    }
    shown
}

fn head(name: &str, meaning: &str, remedy: &str) -> String {
    let shown = shown().get(name).map_or_else(
        || "On Events only.".to_owned(),
        |lines| {
            format!(
                "In the conditions: {}.",
                lines.iter().cloned().collect::<Vec<_>>().join(", or ")
            )
        },
    );
    format!("# {name}\n\n{NOTE}\n\n{meaning}\n\n**What to do:** {remedy}\n\n{shown}\n")
}

/// What stands below the head, written by hand.
fn sections(text: &str) -> &str {
    text.find("\n## ").map_or("", |at| &text[at..])
}

#[test]
fn each_reason_has_its_page_and_each_page_its_reason() {
    let update = std::env::var_os("ROLEWRIGHT_UPDATE").is_some();
    let mut stale = Vec::new();
    for (name, meaning, remedy) in reason::ALL {
        let path = folder().join(format!("{name}.md"));
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        let now = head(name, meaning, remedy) + sections(&written);
        if update {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, now).unwrap();
        } else if written != now {
            stale.push(*name);
        }
    }
    let hint = "refresh them with `ROLEWRIGHT_UPDATE=1 cargo test --test docs reasons`, and write \
        the sections of a new page";
    assert!(stale.is_empty(), "docs/reasons/ is stale: {stale:?}; {hint}");
    let pages: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(pages, reason::ALL.iter().map(|(name, ..)| format!("{name}.md")).collect());
}

/// A head alone would say no more than the status does.
#[test]
fn each_page_of_a_reason_goes_beyond_the_table() {
    for (name, ..) in reason::ALL {
        let text = std::fs::read_to_string(folder().join(format!("{name}.md"))).unwrap();
        let parts: Vec<(&str, &str)> = sections(&text)
            .split("\n## ")
            .skip(1)
            .map(|part| part.split_once('\n').unwrap())
            .collect();
        assert!(!parts.is_empty(), "docs/reasons/{name}.md has no section");
        for (title, body) in &parts {
            assert!(body.trim().len() > 80, "docs/reasons/{name}.md: {title} says nothing");
        }
        let acts = parts.iter().any(|(title, _)| *title == "What to do");
        assert!(acts || !REFUSALS.contains(name), "docs/reasons/{name}.md does not say what to do");
    }
}
