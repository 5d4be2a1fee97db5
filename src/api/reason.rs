//! Reasons of conditions and Events. They are API: a name here never changes its meaning.
//! `docs/reference/reasons.md` and the heads of the pages in `docs/reasons/` are made of the table
//! below.

/// Declares a constant for each reason, and the table of all of them in the same order.
macro_rules! reasons {
    ($($name:ident = $text:literal, $meaning:literal, $remedy:literal;)+) => {
        $(
            #[doc = $meaning]
            pub const $name: &str = $text;
        )+

        /// Reason, what it means, what to do.
        pub const ALL: &[(&str, &str, &str)] = &[$(($name, $meaning, $remedy)),+];
    };
}

reasons! {
    RECONCILED = "Reconciled",
        "AWS equals the resource.",
        "Nothing.";
    PROGRESSING = "Progressing",
        "The controller is at work on the role.",
        "Wait.";
    CREATED = "Created",
        "The role was created in AWS.",
        "Nothing.";
    UPDATED = "Updated",
        "The resource changed, and the role was made equal to it.",
        "Nothing.";
    DRIFT_CORRECTED = "DriftCorrected",
        "Somebody changed the role in AWS, and it was made equal to the resource again; \
         `status.drift` says which parts.",
        "Find out who changed the role, and make wanted changes in the resource instead.";
    DRIFT_UNSEEN = "DriftUnseen",
        "AWS equalled the resource when it was looked at, and later changes in AWS are not seen: \
         the account has not been swept for longer than three intervals. Said only where a \
         resource is looked at for another reason.",
        "Look at the controller's `/readyz` and at the alert `RolewrightDriftUnseen`; when a sweep \
         is complete again, the resource is looked at once more and is `Reconciled`.";
    DRIFT_CONTESTED = "DriftContested",
        "A part of the role was corrected three times within an hour and is different again; the \
         next corrections of it wait, from a minute up to an hour. Access that is too wide is \
         still taken back at once.",
        "Find out who or what changes the part that the message names, and stop it, or make the \
         change in the resource.";
    REATTACHED = "Reattached",
        "A resource that had no role yet took up the role that an earlier resource of the same \
         namespace and name left in AWS.",
        "Nothing, when you deleted and applied the resource or rebuilt the cluster; otherwise look \
         at the role's tags.";
    INVALID_SPEC = "InvalidSpec",
        "The spec has a field that is unknown, wrong, or beyond the controller's limits; nothing \
         of it was written to AWS.",
        "Correct the fields that the message names, and apply the resource again.";
    BEYOND_LIMITS = "BeyondLimits",
        "The name or path that `status` has pinned is not one that this resource may have, and \
         there is no role: none is created under it. A role that exists is kept.",
        "Delete the resource and apply it again, and find out who wrote its status.";
    TRUST_WARNING = "TrustWarning",
        "A grant of the trust policy is allowed and may still surprise, such as one that goes by \
         names that can change hands; the role is made all the same. Said once for each \
         generation.",
        "Read the message, and narrow the grant that it names.";
    PROVIDER_UNUSABLE = "ProviderUnusable",
        "The role is as written, and an OIDC or SAML provider that its trust policy names is not \
         in the account, or does not list the audience; nobody can assume the role through it. \
         AWS itself refuses only those who come with a token.",
        "Create the provider that the message names, or add the audience to its client ids; \
         within ten minutes, or at once with a requested reconcile, the resource is `Reconciled`. \
         When it is misspelt, correct `spec.trust`.";
    NOT_ANNOTATED = "NotAnnotated",
        "The role is as written, and a service account of a grant with `annotate: true` could not \
         be annotated: it does not exist, or names another role.",
        "Create the service account, or take the other role's ARN off it; the controller tries \
         again by itself.";
    NOT_OWNED = "NotOwned",
        "A role of this name exists in AWS and does not carry this installation's tags for this \
         resource; it is never written.",
        "Choose another `spec.roleName` in a new resource, or have the owner of the role remove \
         it.";
    OWNERSHIP_CONTESTED = "OwnershipContested",
        "The role was this resource's, and now carries the uid of another object of the same \
         namespace and name, as when a second cluster runs the same installation; nothing is \
         written, and neither a deletion nor the end of a lifetime removes the role.",
        "Let one of the two go. To take the role back, request a reconcile \
         (`rolewright.dev/reconcile-requested-at`) here; the other resource then says this reason.";
    NAME_CONFLICT = "NameConflict",
        "Two resources ask for one role name; IAM ignores letter case and path. The \
         resource named in the role's tags wins; if there is no role yet, the older resource wins.",
        "Give one of the two resources another name.";
    NAMESPACE_FULL = "NamespaceFull",
        "The namespace has as many roles as `--max-roles-per-namespace` lets it have; roles that \
         exist count first, then the older resources. Nothing was written to AWS, and no role was \
         taken away.",
        "Delete an IAMRole of the namespace that nobody needs, or ask the operator for a higher \
         bound; the role is made as soon as there is room.";
    WOULD_CHANGE = "WouldChange",
        "With `driftPolicy: Observe` the role differs from the resource and nothing is written; \
         `status.plan` shows what would change.",
        "Make the role equal by hand, or set `driftPolicy: Correct`.";
    PAUSED = "Paused",
        "The annotation `rolewright.dev/paused` is `true`, or anything else but `false`: nothing \
         is written to AWS, and a deletion waits.",
        "Remove the annotation to go on. Where the message shows a value that is neither `true` \
         nor `false`, write one of them: admission refuses any other.";
    EXPIRED = "Expired",
        "The lifetime of the role is over; the role is removed, the resource stays.",
        "Delete the resource, or move `spec.lifetime` to a later end to have a role again.";
    CLOCKS_APART = "ClocksApart",
        "The lifetime of the role is over, and the role stays for now: the clock of the controller \
         and that of AWS are more than five minutes apart, so one of them is wrong. A deletion of \
         the resource does not wait for that.",
        "Set the clock of the node that the controller runs on; `rolewright check` compares it \
         with AWS's.";
    DELETING = "Deleting",
        "The role is being removed from AWS.",
        "Wait.";
    DELETION_BLOCKED = "DeletionBlocked",
        "The role can't be removed because something that is not ours holds it, such as an \
         instance profile; the message names it, and nothing was taken away.",
        "Take the role out of what the message names. The next sweep sees that no instance profile \
         holds it any more; anything else is tried again every five minutes.";
    RETAINED = "Retained",
        "The resource was deleted with `deletionPolicy: Retain` or `driftPolicy: Observe`; the \
         role stays in AWS with its tags.",
        "Nothing; apply the same resource again to take the role up, or remove the role in AWS.";
    REMOVAL_HELD = "RemovalHeld",
        "The resource is deleted, and more roles would be removed within ten minutes than may \
         without being asked for: of its namespace, or of the account. Nothing is removed, and the \
         roles keep working.",
        "An operator looks with `rolewright confirm` at what is held, and confirms just that, or \
         keeps the roles with `--keep`. A few deletions go by themselves as soon as ten minutes \
         have passed since others.";
    CHANGE_HELD = "ChangeHeld",
        "The role would change although nobody changed the resource: another version of the \
         controller or another setting makes another role of it, and of more resources than may \
         change within ten minutes without being asked for. Nothing is changed; `status.plan` \
         shows what would be.",
        "An operator looks with `rolewright confirm` at what would change, and confirms it or \
         takes the setting back. A reconcile that is requested on one resource \
         (`rolewright.dev/reconcile-requested-at`) changes that one, until as many have changed as \
         may in ten minutes.";
    DELETED = "Deleted",
        "The role was removed from AWS.",
        "Nothing.";
    ACCESS_DENIED = "AccessDenied",
        "AWS denies a call to the controller; the message names the action. After 20 \
         seconds the resource is `Stalled`; new IAM permissions need a few seconds to take effect.",
        "Allow the action in the controller's own policy, and look for a service control policy or \
         a boundary that denies it; it is tried again by itself, at least every ten minutes.";
    OTHER_ACCOUNT = "OtherAccount",
        "The controller's credentials have changed, and are of another account now; nothing is \
         written, and nothing is concluded about the role.",
        "Give the controller credentials of its own account again; it goes on by itself. To move \
         to another account, make new resources there.";
    THROTTLED = "Throttled",
        "AWS refuses calls because the account's call budget is spent; the controller slows down \
         by itself.",
        "Wait; when it lasts, look for another tool that calls IAM often in this account.";
    UNREACHABLE = "Unreachable",
        "AWS can't be reached, or the controller has no credentials; nothing is concluded about \
         the role.",
        "Check the controller's network and credentials; it tries again by itself.";
    SERVER_ERROR = "ServerError",
        "AWS answered with a fault of its own; the outcome of the call is unknown until the role \
         is read again.",
        "Wait; the controller tries again by itself.";
    LIMIT_EXCEEDED = "LimitExceeded",
        "A quota of AWS is reached, such as the number of roles, attached policies, or the size of \
         the inline policies.",
        "Ask for less in the resource, or have the quota that the message names raised.";
    INVALID_PRINCIPAL = "InvalidPrincipal",
        "AWS does not know a principal of the trust policy: a role or user that does not exist, or \
         not yet. A new role is made without that principal, and one that exists gets its trust \
         policy without it, as long as nobody new is trusted by that. After ten minutes the \
         resource is `Stalled`, and still tried.",
        "Create the principal, or correct its ARN in `spec.trust`; it is tried again by itself, at \
         least every ten minutes.";
    PRINCIPAL_REPLACED = "PrincipalReplaced",
        "A role or user that the trust policy names was deleted in AWS, and AWS shows its bare id \
         there; `status.replacedPrincipals` names it. AWS does not trust another one that was made \
         under the same name, and drift correction does not change that. All else in the trust \
         policy is kept as written.",
        "Look who has the name now. To trust it, change the resource or request a reconcile \
         (`rolewright.dev/reconcile-requested-at`); to give it up, take it out of `spec.trust`. A \
         role that this installation made again itself is trusted again without asking.";
    REFUSED = "Refused",
        "AWS refuses what was sent, such as a malformed policy document; the message repeats AWS's \
         words.",
        "Correct the part of the spec that the message names.";
    PROTECTED = "Protected",
        "The role belongs to an AWS service and can't be changed by others.",
        "Choose another `spec.roleName` in a new resource.";
    BUSY = "Busy",
        "Somebody else writes to the same role at the same time.",
        "Wait; when it lasts, find the other writer in CloudTrail.";
    NOT_FOUND = "NotFound",
        "A policy that the spec names, attached or as boundary, does not exist in AWS. It is \
         waited for; after ten minutes the resource is `Stalled`.",
        "Create the policy, or correct its ARN in `spec.permissions.managedPolicies` or \
         `spec.permissionsBoundary`; it is tried again by itself, at least every ten minutes.";
    WAITING_FOR_ABSENCE = "WaitingForAbsence",
        "An expected role was not seen; it is read again before it counts as gone, because reads \
         of IAM lag behind.",
        "Wait about half a minute.";
    WAITING_FOR_CREATE = "WaitingForCreate",
        "The role was just created and AWS does not show it everywhere yet.",
        "Wait up to two minutes.";
    INTERNAL_ERROR = "InternalError",
        "The controller failed in a way that it does not know; only this resource is parked.",
        "Change the resource or request a reconcile to try again, and report the message as a bug.";
}

/// The constant for a reason that was read from a condition; [`INTERNAL_ERROR`] for one that is not
/// ours.
#[must_use]
pub fn constant(reason: &str) -> &'static str {
    ALL.iter().map(|(name, ..)| *name).find(|name| *name == reason).unwrap_or(INTERNAL_ERROR)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn reasons_are_camel_case_and_different() {
        let names: BTreeSet<_> = ALL.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names.len(), ALL.len());
        for name in names {
            assert!(
                name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.chars().all(|c| c.is_ascii_alphabetic()),
                "{name}"
            );
        }
    }

    #[test]
    fn each_reason_is_said_somewhere() {
        fn code(folder: &std::path::Path, text: &mut String) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("tests") {
                    code(&path, text);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    text.push_str(&std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let mut text = String::new();
        for layer in ["plan", "controller"] {
            code(&std::path::Path::new(source).join(layer), &mut text);
        }
        let table = include_str!("reason.rs");
        for (reason, ..) in ALL {
            let line =
                table.lines().find(|line| line.ends_with(&format!("= \"{reason}\","))).unwrap();
            let name = line.split_whitespace().next().unwrap();
            assert!(
                text.contains(&format!("reason::{name}")),
                "{reason} is documented and never said"
            );
        }
    }

    #[test]
    fn each_reason_is_explained() {
        for (name, meaning, remedy) in ALL {
            assert!(meaning.ends_with('.') && remedy.ends_with('.'), "{name}");
            assert!(
                !meaning.contains('|') && !remedy.contains('|'),
                "{name} would break the table"
            );
        }
    }
}
