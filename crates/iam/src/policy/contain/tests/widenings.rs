//! Widenings that were Unknown once, each a kind of its own, and what is told beside them.

use rstest::rstest;

use crate::policy::contain::tests::{answer, document};
use crate::policy::contain::*;

#[rstest]
// A variable under a condition: the request copies the value.
#[case(
    "A s3:x @ * ? StringEquals aws:ResourceAccount=${aws:PrincipalAccount}",
    "A s3:* @ * ? StringEquals aws:ResourceAccount=${aws:PrincipalAccount}",
    "s3:zz9"
)]
#[case(
    "A s3:x @ * ? StringEquals k=${aws:username}",
    "A s3:x @ * ? StringEquals k=${aws:userid}",
    "s3:x"
)]
#[case(
    "A s3:x @ * ? ArnLike k=arn:aws:iam::${a}:role/* & StringEquals a=123456789012",
    "A s3:y @ * ? ArnLike k=arn:aws:iam::${a}:role/* & StringEquals a=123456789012",
    "s3:y"
)]
#[case(
    "A s3:x @ b/${aws:username} ? StringLike aws:username=team-*",
    "A s3:y @ b/${aws:username}/* ? StringLike aws:username=team-*",
    "s3:y"
)]
#[case("A s3:x @ b/${aws:username}", "A s3:x @ b/${aws:userid}", "s3:x")]
#[case(
    "A s3:x @ * ? StringEquals k=${aws:username}",
    "A s3:x @ * ? StringEquals k=${aws:username} & StringEquals z=a",
    "yes"
)]
// Several conditions, each of another statement, are in the way.
#[case(
    "A s3:x @ * ? StringEquals k=a ; A s3:x @ * ? StringEquals l=b ; A s3:x @ * ? Bool m=true",
    "A s3:x @ * ? StringLike k=* & StringLike l=* & Null m=false",
    "s3:x"
)]
#[case(
    "A s3:x @ * ? StringEquals k=a",
    "A s3:x @ * ; D s3:x @ * ? StringNotEquals l=b ; D s3:* @ * ? Null m=true",
    "s3:x"
)]
// A Deny that is lost bites where two patterns meet.
#[case("A s3:* @ a* ; D s3:* @ *b", "A s3:* @ a*", "s3:zz9")]
#[case("A s3:Get* @ * ; D s3:*Tags @ *", "A s3:Get* @ *", "s3:getags")]
#[case(
    "A s3:* @ * ; D s3:x @ * ? StringEquals k=a ; D s3:y @ * ? StringEquals k=b",
    "A s3:* @ * ; D s3:x @ * ? StringEquals k=a",
    "s3:y"
)]
// A Deny of all but a list in the new document, cut by cut.
#[case("A s3:*,sqs:* @ *", "A * @ * ; D !s3:*,sqs:* @ *", "yes")]
#[case(
    "A s3:*,sqs:* @ *",
    "A * @ * ; D !s3:*,sqs:*,sns:* @ * ; D !s3:*,sns:*,ec2:* @ *",
    "sns:zz9"
)]
#[case("A s3:*,sns:* @ *", "A * @ * ; D !s3:*,sqs:*,sns:* @ * ; D !s3:*,sns:*,ec2:* @ *", "yes")]
fn what_is_plainly_wider_has_a_witness(
    #[case] old: &str,
    #[case] new: &str,
    #[case] expected: &str,
) {
    assert_eq!(answer(old, new), expected);
}

#[rstest]
#[case("A ecs:* @ arn:aws:ecs:*:*:task-definition/B:*", "yes")]
#[case("A ecs:* @ arn:aws:ecs:*:*:task-definition/A:1", "ecs:zz9")]
#[case("A ecs:* @ arn:aws:ecs:*:*:task-definition/*", "ecs:zz9")]
#[case("A ecs:* @ arn:aws:ecs:*:*:cluster/task-definition/A:*", "yes")]
fn a_wildcard_of_an_arn_stays_in_its_field(#[case] new: &str, #[case] expected: &str) {
    let old = "A ecs:* @ arn:aws:ecs:*:*:* ; D ecs:* @ arn:aws:ecs:*:*:task-definition/A:*";
    assert_eq!(answer(old, new), expected);
}

#[rstest]
#[case("arn:aws:s3:::a*", "arn:aws:s3:::ab:c", "yes")]
#[case("arn:aws:s3:*:*:a", "arn:aws:s3:::a", "yes")]
#[case("arn:aws:*:*:*:a", "arn:aws:s3:eu:1:b:a", "s3:x")]
#[case("arn:aws:*:a", "arn:aws:s3:::a", "yes")]
#[case("arn:aws:s3:::*", "arn:aws:s3*", "s3:x")]
#[case("arn:aws:s3:::${aws:username}", "arn:aws:s3:::${aws:username}:x", "s3:x")]
#[case("arn:aws:s3:::*", "arn:aws:s3:::${aws:username}:x", "yes")]
fn resources_are_held_against_each_other_by_field(
    #[case] old: &str,
    #[case] new: &str,
    #[case] expected: &str,
) {
    assert_eq!(answer(&format!("A s3:x @ {old}"), &format!("A s3:x @ {new}")), expected);
}

const ACCOUNT: &str = "A sts:AssumeRole < AWS 123456789012";

#[rstest]
#[case(ACCOUNT, "A sts:* < AWS 123456789012", "sts:AssumeRoleWithWebIdentity")]
#[case(ACCOUNT, "A * < AWS 123456789012", "sts:AssumeRoleWithWebIdentity")]
#[case("A sts:Assume* < AWS *", "A sts:* < AWS *", "sts:TagSession")]
#[case(
    "A sts:Assume*,sts:TagSession,sts:SetSourceIdentity < AWS *",
    "A sts:* < AWS *",
    "sts:SetContext"
)]
#[case(
    "A sts:AssumeRole < AWS 123456789012 ; D sts:* < AWS arn:aws:iam::123456789012:user/u",
    ACCOUNT,
    "sts:assumerole"
)]
#[case(
    "A sts:AssumeRole < AWS * ; D sts:* < AWS arn:aws:iam::123456789012:role/p/r ? Bool k=true",
    "A sts:AssumeRole < AWS *",
    "sts:assumerole"
)]
#[case(
    "A sts:AssumeRole < Service ec2,Service sqs ; D sts:* < Service sqs",
    "A sts:AssumeRole < Service ec2,Service sqs",
    "sts:assumerole"
)]
fn what_lets_more_assume_has_a_witness(
    #[case] old: &str,
    #[case] new: &str,
    #[case] expected: &str,
) {
    assert_eq!(answer(old, new), expected);
}

/// Such as guards of organizations: eight, each of all but 25 services.
#[test]
fn many_plain_denies_of_all_but_services_are_told_within_the_budget() {
    let deny = |at: usize, more: &str| {
        let services: Vec<String> =
            (0..25).map(|n| format!("service{}:*", (n + at) % 33)).collect();
        format!("D !{}{more} @ *", services.join(","))
    };
    let all = |more: &str| {
        let denies: Vec<String> =
            (0..8).map(|at| deny(at, if at == 3 { more } else { "" })).collect();
        format!("A * @ * ; {}", denies.join(" ; "))
    };
    let old = all("");
    assert_eq!(answer(&old, &old), "yes");
    assert_eq!(answer(&all(",service1:*"), &old), "yes");
    assert_eq!(answer(&old, &all(",zz:*")), "yes", "the others deny it");
    assert_eq!(answer(&old, "A * @ *"), "iam:CreateUser");
    let loose = old.replacen("D !", "D !service40:*,", 8);
    assert_eq!(answer(&old, &loose), "service40:zz9");
    let (old, loose) = (document(&old), document(&loose));
    let work = Work::new();
    access_within(Some(&old), Some(&loose), &work);
    assert!(work.done() < crate::policy::BUDGET / 4, "{}", work.done());
}
