//! Tables and laws of the brakes: data in, data out.

use jiff::SignedDuration;
use proptest::prelude::*;
use rstest::rstest;

use super::{
    confirm::{Accepted, Confirmation, NotAccepted, Verb, digest, item, read},
    done::Done,
    *,
};

const ACCOUNT: &str = "123456789012";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Namespaces `a`, `b`, … with roles, pending and done.
fn census(swept: bool, spaces: &[(usize, usize, usize)]) -> Census {
    let space = |(roles, pending, done): &(usize, usize, usize)| Space {
        roles: *roles,
        pending: *pending,
        done: *done,
    };
    let names = ('a'..).map(String::from);
    Census { spaces: names.zip(spaces.iter().map(space)).collect(), swept }
}

#[rstest]
#[case::nothing(&[(100, 0, 0)], &[None])]
#[case::as_many_as_the_floor(&[(20, 10, 0)], &[None])]
#[case::one_more(&[(20, 11, 0)], &[Some(Over::Namespace)])]
#[case::a_namespace_of_20_in_an_account_of_20(&[(20, 20, 0)], &[Some(Over::Namespace)])]
#[case::pending_and_done(&[(15, 6, 5)], &[Some(Over::Namespace)])]
#[case::a_tenth_of_many(&[(200, 20, 0)], &[None])]
#[case::more_than_a_tenth(&[(200, 21, 0)], &[Some(Over::Namespace)])]
#[case::what_is_gone_counts_among_the_roles(&[(190, 10, 10)], &[None])]
#[case::alone(&[(20, 20, 0), (20, 3, 0)], &[Some(Over::Namespace), None])]
#[case::the_others_together(
    &[(20, 6, 0), (20, 5, 0), (20, 0, 0)],
    &[Some(Over::Account), Some(Over::Account), Some(Over::Account)]
)]
#[case::who_is_held_alone_is_not_among_the_others(
    &[(20, 20, 0), (20, 5, 0), (20, 5, 0)],
    &[Some(Over::Namespace), None, None]
)]
#[case::a_tenth_of_the_account(&[(60, 8, 0), (60, 4, 0)], &[None, None])]
#[case::done_of_others(&[(20, 1, 0), (20, 0, 10)], &[Some(Over::Account), Some(Over::Account)])]
fn whose_share_is_used_up(#[case] spaces: &[(usize, usize, usize)], #[case] over: &[Option<Over>]) {
    let census = census(true, spaces);
    let found: Vec<_> = census.spaces.keys().map(|name| census.over(name)).collect();
    assert_eq!(found, over);
}

#[test]
fn before_the_first_sweep_ten_is_the_share_of_everybody() {
    assert_eq!(census(false, &[(1_000, 10, 0)]).over("a"), None);
    assert_eq!(census(false, &[(1_000, 11, 0)]).over("a"), Some(Over::Namespace));
    assert_eq!(census(false, &[(900, 6, 0), (900, 5, 0)]).over("a"), Some(Over::Account));
    // A namespace that nobody knows asks for nothing yet.
    assert_eq!(census(false, &[]).over("z"), None);
}

#[rstest]
#[case::off(0, 0, 0, 0, None)]
#[case::just_seen(0, 0, 0, 10, Some(10))]
#[case::nearly(0, 0, 9, 10, Some(1))]
#[case::waited(0, 0, 10, 10, None)]
#[case::another_came(0, 8, 10, 10, Some(8))]
#[case::a_minute_in_all(0, 59, 59, 10, Some(1))]
#[case::and_no_more(0, 60, 60, 10, None)]
#[case::a_long_wave_is_cut(0, 0, 0, 3_600, Some(60))]
#[case::a_clock_that_was_set_back(3_600, 3_600, 0, 10, Some(60))]
fn a_removal_waits_for_others_to_show(
    #[case] seen: i64,
    #[case] last: i64,
    #[case] now: i64,
    #[case] length: u64,
    #[case] left: Option<u64>,
) {
    assert_eq!(wave(at(seen), at(last), at(now), seconds(length)), left.map(seconds));
}

#[rstest]
#[case::first(37, 37, 10, 1)]
#[case::then_ten(37, 36, 10, 10)]
#[case::not_before_all_ten_are_ready(37, 30, 10, 4)]
#[case::then_a_share(37, 26, 10, 10)]
#[case::the_rest(37, 6, 10, 6)]
#[case::a_large_share(1_000, 989, 100, 100)]
#[case::a_large_share_again(1_000, 889, 100, 100)]
#[case::in_the_middle_of_one(1_000, 900, 100, 11)]
#[case::one_alone(1, 1, 10, 1)]
#[case::nothing_is_open(37, 0, 10, 0)]
#[case::a_share_is_never_below_the_floor(37, 26, 0, 10)]
fn a_confirmed_change_goes_in_lots(
    #[case] total: usize,
    #[case] open: usize,
    #[case] share: usize,
    #[case] size: usize,
) {
    assert_eq!(lot(total, open, share), size);
}

#[test]
fn what_was_done_is_written_and_read_by_minute() {
    let mut done = Done::default();
    for second in [0, 59, 60] {
        done.add(Counted::Removals, ACCOUNT, "a", at(second));
    }
    done.add(Counted::Removals, ACCOUNT, "b", at(61));
    done.add(Counted::Expiries, ACCOUNT, "a", at(62));
    let text = done.to_string();
    assert_eq!(
        text,
        "1970-01-01T00:00:00Z 123456789012 removals a 2\n\
         1970-01-01T00:01:00Z 123456789012 removals a 1\n\
         1970-01-01T00:01:00Z 123456789012 removals b 1\n\
         1970-01-01T00:01:00Z 123456789012 expiries a 1\n"
    );
    assert_eq!(text.parse(), Ok(done.clone()));
    let lately = |now| done.lately(Counted::Removals, ACCOUNT, at(now));
    assert_eq!(lately(62), [("a", 3), ("b", 1)].into());
    // Until the last second of its minute is out of the window.
    assert_eq!(lately(659), [("a", 3), ("b", 1)].into());
    assert_eq!(lately(660), [("a", 1), ("b", 1)].into());
    assert_eq!(lately(720), [].into());
    assert_eq!(done.lately(Counted::Removals, "210987654321", at(62)), [].into());
    assert_eq!(done.this_minute(Counted::Expiries, ACCOUNT, at(119)), 1);
    assert_eq!(done.this_minute(Counted::Expiries, ACCOUNT, at(120)), 0);
    // A clock that was set back forgets nothing.
    assert_eq!(lately(-3_600), [("a", 3), ("b", 1)].into());
    assert_eq!(done.this_minute(Counted::Expiries, ACCOUNT, at(-3_600)), 1);
}

#[test]
fn what_is_old_is_forgotten_with_the_next_that_is_done() {
    let mut done = Done::default();
    done.add(Counted::Removals, ACCOUNT, "a", at(0));
    done.add(Counted::Removals, ACCOUNT, "a", at(3_600));
    assert_eq!(done.to_string(), "1970-01-01T01:00:00Z 123456789012 removals a 1\n");
}

#[test]
fn a_record_that_was_put_back_forgets_nothing() {
    let mut old = Done::default();
    old.add(Counted::Removals, ACCOUNT, "a", at(0));
    let mut new = old.clone();
    new.add(Counted::Removals, ACCOUNT, "a", at(1));
    new.add(Counted::Removals, ACCOUNT, "b", at(1));
    assert_eq!(old.or(&new), new);
}

#[rstest]
#[case("nonsense")]
#[case("1970-01-01T00:00:00Z 123456789012 removals a")]
#[case("1970-01-01T00:00:00Z 123456789012 removals a -1")]
#[case("1970-01-01T00:00:00Z 123456789012 additions a 1")]
#[case("1970-01-01T00:00:00Z 123456789012 removals a 1 1")]
fn a_record_that_was_broken_is_not_taken_for_an_empty_one(#[case] text: &str) {
    assert!(text.parse::<Done>().is_err());
}

fn confirmation(verb: Verb, set: &[&str], until: i64) -> Confirmation {
    Confirmation { verb, number: set.len(), digest: digest(set.iter().copied()), until: at(until) }
}

#[test]
fn a_confirmation_is_one_line() {
    let text = "removals 37 3f9a0c1d2e4b5a69 until 2026-11-30T12:00:00Z";
    let read_back: Confirmation = text.parse().unwrap();
    assert_eq!(read_back.to_string(), text);
    assert_eq!((read_back.verb, read_back.number), (Verb::Removals, 37));
    let two = read(&format!(" {text} ;keep 1 00 until 2026-11-30T12:00:00Z; nonsense;"));
    assert_eq!(two.len(), 3);
    assert!(two[0].is_ok() && two[1].is_ok() && two[2].is_err());
    for wrong in ["", "removals", "removals x 3f until 2026-11-30T12:00:00Z", "removals 1 3f until"]
    {
        assert!(wrong.parse::<Confirmation>().is_err(), "{wrong}");
    }
}

const ANOTHER: NotAccepted = NotAccepted::AnotherSet;

#[rstest]
#[case::of_the_set(&["u1", "u2"], &["u2", "u1"], 3_600, None)]
#[case::one_more_is_held_now(&["u1", "u2"], &["u1", "u2", "u3"], 3_600, Some(ANOTHER))]
#[case::one_is_not_held_any_more(&["u1", "u2"], &["u1"], 3_600, Some(ANOTHER))]
#[case::another_of_the_same_size(&["u1", "u2"], &["u1", "u3"], 3_600, Some(ANOTHER))]
#[case::nothing(&[], &[], 3_600, Some(ANOTHER))]
#[case::over(&["u1"], &["u1"], 0, Some(NotAccepted::Over))]
#[case::a_day(&["u1"], &["u1"], 86_400, None)]
#[case::longer(&["u1"], &["u1"], 87_000, Some(NotAccepted::TooLong))]
fn a_confirmation_is_of_exactly_one_set(
    #[case] confirmed: &[&str],
    #[case] held: &[&str],
    #[case] until: i64,
    #[case] refused: Option<NotAccepted>,
) {
    let confirmation = confirmation(Verb::Removals, confirmed, until);
    let accepted = Accepted::of(&confirmation, [vec!["z"], held.to_vec()], at(0));
    assert_eq!(accepted.clone().err(), refused);
    if let Ok(accepted) = accepted {
        assert!(held.iter().all(|item| accepted.covers(item)) && !accepted.covers("z"));
        assert!(accepted.counts(at(until - 1)) && !accepted.counts(at(until)));
        assert_eq!(accepted.to_string().parse(), Ok(accepted));
    }
}

#[test]
fn another_change_of_the_same_role_is_not_what_was_confirmed() {
    let of = |hash| item(Counted::Changes, "u1", Some(hash));
    let set = [of("one")];
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let confirmation = confirmation(Verb::Changes, &set, 60);
    let accepted = Accepted::of(&confirmation, [set], at(0)).unwrap();
    assert!(accepted.covers(&of("one")) && !accepted.covers(&of("two")));
}

#[test]
fn a_record_of_what_was_confirmed_that_was_cut_short_counts_for_nothing() {
    let confirmation = confirmation(Verb::Removals, &["u1", "u2"], 60);
    let accepted = Accepted::of(&confirmation, [vec!["u1", "u2"]], at(0)).unwrap();
    let text = accepted.to_string();
    assert!(text[..text.len() - 1].parse::<Accepted>().is_err());
    assert!(text[..text.len() - 12].parse::<Accepted>().is_err());
    assert!("nonsense".parse::<Accepted>().is_err());
}

fn spaces() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    proptest::collection::vec((0_usize..300, 0_usize..60, 0_usize..30), 1..6)
}

mod laws {
    use super::*;

    proptest! {
        /// One more that waits, or was done, lets nobody go who was held.
        #[test]
        fn more_never_lets_go(spaces in spaces(), swept: bool, which in 0_usize..6) {
            let before = census(swept, &spaces);
            let which = which % spaces.len();
            let mut more = spaces.clone();
            more[which].1 += 1;
            let after = census(swept, &more);
            let name = before.spaces.keys().nth(which).unwrap();
            if before.over(name).is_some() {
                prop_assert!(after.over(name).is_some());
            }
        }

        /// However much one namespace asks for beyond its share, the others fare as if it asked
        /// for nothing.
        #[test]
        fn nobody_is_held_for_one_that_is_held_alone(spaces in spaces(), flood in 1_usize..10_000) {
            let mut quiet = spaces.clone();
            (quiet[0].1, quiet[0].2) = (0, 0);
            let mut loud = quiet.clone();
            loud[0].1 = FLOOR.max(loud[0].0 / 10) + flood;
            let (quiet, loud) = (census(true, &quiet), census(true, &loud));
            prop_assert_eq!(loud.over("a"), Some(Over::Namespace));
            for name in quiet.spaces.keys().skip(1) {
                prop_assert_eq!(quiet.over(name), loud.over(name));
            }
        }

        /// Whatever comes when, and however often the controller starts anew with what the Lease
        /// tells: in any ten minutes no namespace, and no account, loses more than its share.
        #[test]
        fn no_ten_minutes_take_more_than_a_share(
            asked in proptest::collection::vec((0_usize..3, 0_i64..90, 1_usize..15), 1..40),
        ) {
            const ROLES: usize = 120;
            let names = ["a", "b", "c"];
            let (mut text, mut now, mut taken) = (String::new(), 0, Vec::new());
            let mut pending = [0_usize; 3];
            let mut left = [ROLES; 3];
            for (which, wait, many) in asked {
                now += wait;
                pending[which] = (pending[which] + many).min(left[which]);
                for space in 0..3 {
                    loop {
                        let mut done: Done = text.parse().unwrap();
                        let lately = done.lately(Counted::Removals, ACCOUNT, at(now));
                        let rows: Vec<_> = (0..3)
                            .map(|i| {
                                (left[i], pending[i], lately.get(names[i]).copied().unwrap_or(0))
                            })
                            .collect();
                        if pending[space] == 0 || census(true, &rows).over(names[space]).is_some() {
                            break;
                        }
                        done.add(Counted::Removals, ACCOUNT, names[space], at(now));
                        text = done.to_string();
                        pending[space] -= 1;
                        left[space] -= 1;
                        taken.push((now, space));
                    }
                }
            }
            for (from, _) in &taken {
                let window = i64::try_from(WINDOW.as_secs()).unwrap();
                let count = |space: Option<usize>| {
                    let in_window = |(at, of): &&(i64, usize)| {
                        (*from..from + window).contains(at) && space.is_none_or(|it| it == *of)
                    };
                    taken.iter().filter(in_window).count()
                };
                prop_assert!((0..3).all(|space| count(Some(space)) <= FLOOR.max(ROLES / 10)));
                // A namespace that used its share up is not among the others any more.
                prop_assert!(count(None) <= 3 * FLOOR.max(ROLES / 10));
            }
        }

        /// A wave is over at some time, and never later than a minute.
        #[test]
        fn a_wave_ends(seen in 0_i64..100, last in 0_i64..200, length in 0_u64..500) {
            let left = wave(at(seen), at(last), at(seen), seconds(length)).unwrap_or_default();
            prop_assert!(left <= LONGEST_WAVE);
            let end = at(seen) + SignedDuration::try_from(LONGEST_WAVE).unwrap();
            prop_assert_eq!(wave(at(seen), at(last), end, seconds(length)), None);
        }

        /// Lots that are ready one after the other carry out the whole change, and none is larger
        /// than a share.
        #[test]
        fn lots_reach_the_end(total in 1_usize..500, share in 0_usize..80) {
            let (mut open, mut lots) = (total, Vec::new());
            while open > 0 {
                let next = lot(total, open, share);
                prop_assert!(next > 0 && next <= share.max(FLOOR));
                lots.push(next);
                open -= next;
            }
            prop_assert_eq!(lots[0], 1);
            prop_assert_eq!(lots.iter().sum::<usize>(), total);
        }
    }
}
