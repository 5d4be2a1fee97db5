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
        "The role matches the resource.",
        "Nothing.";
    PROGRESSING = "Progressing",
        "The controller is working on the role.",
        "Wait.";
    CREATED = "Created",
        "The role was created in AWS.",
        "Nothing.";
    UPDATED = "Updated",
        "The resource changed, and the role was updated to match it.",
        "Nothing.";
    DRIFT_CORRECTED = "DriftCorrected",
        "Somebody changed the role in AWS, or removed its ARN from a service account, and the \
         controller reverted it; `status.drift` says which parts of the role.",
        "Find out who changed the role, and make wanted changes in the resource instead.";
    DRIFT_UNSEEN = "DriftUnseen",
        "The role matched the resource at the last pass, but later changes in AWS are not noticed: \
         no sweep of the account was complete for longer than three intervals. Only resources that \
         have a pass for another reason say this.",
        "Check the controller's `/readyz` and the alert `RolewrightDriftUnseen`. After the next \
         complete sweep the resource has a pass, and is `Reconciled`.";
    DRIFT_CONTESTED = "DriftContested",
        "A part of the role, or the annotation of a service account, was corrected three times \
         within an hour and is different again; further corrections of it wait, from a minute up \
         to an hour. Access that is too wide is still removed at once.",
        "Find out who or what changes the part that the message names, and stop it, or make the \
         change in the resource.";
    REATTACHED = "Reattached",
        "A resource without a role took over the role that an earlier resource of the same \
         namespace and name left in AWS.",
        "Nothing if you deleted and applied the resource or rebuilt the cluster; otherwise check \
         the role's tags.";
    INVALID_SPEC = "InvalidSpec",
        "The spec has a field that is unknown, wrong, or beyond the controller's limits; nothing \
         of it was written to AWS.",
        "Correct the fields that the message names, and apply the resource again.";
    BEYOND_LIMITS = "BeyondLimits",
        "`status` stores a name or path that this resource may not have, and the role does not \
         exist: the controller does not create it. It would keep an existing role.",
        "Delete the resource and apply it again, and find out who wrote its status.";
    TRUST_WARNING = "TrustWarning",
        "A grant of the trust policy is allowed but may be wider than you expect, such as one that \
         relies on names that can change hands; the role is created all the same. Reported once \
         for each generation.",
        "Read the message, and narrow the grant that it names.";
    PROVIDER_UNUSABLE = "ProviderUnusable",
        "The role is as written, and an OIDC or SAML provider that its trust policy names is not \
         in the account, or does not list the audience; nobody can assume the role through it. \
         AWS itself refuses only those who come with a token.",
        "Create the provider that the message names, or add the audience to its client ids; \
         within ten minutes, or at once with a requested reconcile, the resource is `Reconciled`. \
         When it is misspelt, correct `spec.trust`.";
    NOT_ANNOTATED = "NotAnnotated",
        "The role is as written, but a service account of a grant with `annotate: true` could not \
         be annotated: it does not exist, or names another role.",
        "Create the service account, or remove the other role's ARN from it; the controller \
         retries by itself.";
    NOT_OWNED = "NotOwned",
        "A role of this name exists in AWS without this installation's tags for this resource; the \
         controller never writes it.",
        "Choose another `spec.roleName` in a new resource, or ask the owner of the role to delete \
         it.";
    OWNERSHIP_CONTESTED = "OwnershipContested",
        "The role belonged to this resource, and now carries the uid of another object of the same \
         namespace and name, as when a second cluster runs the same installation. The controller \
         writes nothing, and neither a deletion nor the end of a lifetime removes the role.",
        "Delete one of the two resources. To take the role back, request a reconcile \
         (`rolewright.dev/reconcile-requested-at`) here; the other resource then has this reason.";
    NAME_CONFLICT = "NameConflict",
        "Two resources ask for one role name; IAM ignores letter case and path. The resource named \
         in the role's tags wins; if there is no role yet, the older resource wins.",
        "Give one of the two resources another name.";
    NAMESPACE_FULL = "NamespaceFull",
        "The namespace has as many roles as `--max-roles-per-namespace` allows; existing roles \
         count first, then older resources. Nothing was written to AWS, and no role was removed.",
        "Delete an IAMRole of the namespace that nobody needs, or ask the operator for a higher \
         limit; the controller then creates the role by itself.";
    WOULD_CHANGE = "WouldChange",
        "The role differs from the resource, and with `driftPolicy: Observe` nothing is written; \
         `status.plan` shows what would change.",
        "Change the role by hand, or set `driftPolicy: Correct`.";
    PAUSED = "Paused",
        "The annotation `rolewright.dev/paused` is `true`, or anything else but `false`: nothing \
         is written to AWS, and a deletion waits.",
        "Remove the annotation to go on. Where the message shows a value that is neither `true` \
         nor `false`, write one of them: admission refuses any other.";
    EXPIRED = "Expired",
        "The lifetime of the role is over; the role is deleted, the resource stays.",
        "Delete the resource, or set `spec.lifetime` to a later end to have a role again.";
    CLOCKS_APART = "ClocksApart",
        "The lifetime of the role is over, but the role stays for now: the clocks of the \
         controller and of AWS differ by more than five minutes, so one of them is wrong. Deleting \
         the resource does not wait for that.",
        "Set the clock of the controller's node; `rolewright check` compares it with AWS's.";
    DELETING = "Deleting",
        "The role is being deleted from AWS.",
        "Wait.";
    DELETION_BLOCKED = "DeletionBlocked",
        "Something that rolewright does not own blocks the deletion of the role, such as an \
         instance profile; the message names it. Nothing was removed from the role.",
        "Remove the role from what the message names. The next sweep notices that no instance \
         profile holds it any more; anything else is retried every five minutes.";
    RETAINED = "Retained",
        "The resource was deleted with `deletionPolicy: Retain` or `driftPolicy: Observe`; the \
         role stays in AWS with its tags.",
        "Nothing; to manage the role again, apply the same resource, or delete the role in AWS.";
    REMOVAL_HELD = "RemovalHeld",
        "The resource is deleted, but more roles of its namespace or of the account would be \
         deleted within ten minutes than is allowed without confirmation. Nothing is deleted, and \
         the roles keep working.",
        "An operator lists what is held with `rolewright confirm`, and confirms exactly that, or \
         keeps the roles with `--keep`. A few deletions go through by themselves once ten minutes \
         have passed since the others.";
    CHANGE_HELD = "ChangeHeld",
        "The role would change although nobody changed the resource: a new version of the \
         controller or a changed setting affects this role, and more resources than may change \
         within ten minutes without confirmation. Nothing is changed; `status.plan` shows what \
         would be.",
        "An operator lists the changes with `rolewright confirm`, and confirms them or restores \
         the setting. Requesting a reconcile of one resource \
         (`rolewright.dev/reconcile-requested-at`) changes that one, up to the number that may \
         change in ten minutes.";
    DELETED = "Deleted",
        "The role was deleted from AWS.",
        "Nothing.";
    ACCESS_DENIED = "AccessDenied",
        "AWS denies a call to the controller; the message names the action. After 20 seconds the \
         resource is `Stalled`; new IAM permissions need a few seconds to take effect.",
        "Allow the action in the controller's own policy, and look for a service control policy or \
         a boundary that denies it; the controller retries by itself, at least every ten minutes.";
    OTHER_ACCOUNT = "OtherAccount",
        "The controller's credentials changed and now belong to another account; the controller \
         writes nothing and draws no conclusion about the role.",
        "Give the controller credentials of its own account again; it continues by itself. To move \
         to another account, create new resources there.";
    THROTTLED = "Throttled",
        "AWS throttles calls because the account's limit on calls is used up; the controller slows \
         down by itself.",
        "Wait; if it lasts, look for another tool that calls IAM often in this account.";
    UNREACHABLE = "Unreachable",
        "AWS can't be reached, or the controller has no credentials; the controller draws no \
         conclusion about the role.",
        "Check the controller's network and credentials; it retries by itself.";
    SERVER_ERROR = "ServerError",
        "AWS answered with a fault of its own; the outcome of the call is unknown until the role \
         is read again.",
        "Wait; the controller retries by itself.";
    LIMIT_EXCEEDED = "LimitExceeded",
        "A quota of AWS is reached, such as the number of roles, of attached policies, or the size \
         of the inline policies.",
        "Ask for less in the resource, or raise the quota that the message names.";
    INVALID_PRINCIPAL = "InvalidPrincipal",
        "AWS does not know a principal of the trust policy: a role or user that does not exist, or \
         not yet. The controller writes the trust policy without that principal, in a new role or \
         an existing one, as long as that trusts nobody new. After ten minutes the resource is \
         `Stalled`, and still retried.",
        "Create the principal, or correct its ARN in `spec.trust`; the controller retries by \
         itself, at least every ten minutes.";
    PRINCIPAL_REPLACED = "PrincipalReplaced",
        "A role or user that the trust policy names was deleted in AWS, so AWS shows its bare id \
         there; `status.replacedPrincipals` names it. AWS does not trust another one of the same \
         name, and drift correction does not change that. The rest of the trust policy is kept as \
         written.",
        "Check who has the name now. To trust it, change the resource or request a reconcile \
         (`rolewright.dev/reconcile-requested-at`); otherwise remove it from `spec.trust`. A role \
         that this installation itself created again is trusted without asking.";
    REFUSED = "Refused",
        "AWS rejects what was sent, such as a malformed policy document; the message quotes AWS.",
        "Correct the part of the spec that the message names.";
    PROTECTED = "Protected",
        "The role belongs to an AWS service, and only that service may change it.",
        "Choose another `spec.roleName` in a new resource.";
    BUSY = "Busy",
        "Somebody else writes the same role at the same time.",
        "Wait; if it lasts, find the other writer in CloudTrail.";
    NOT_FOUND = "NotFound",
        "A policy that the spec names, attached or as boundary, does not exist in AWS. The \
         controller waits for it; after ten minutes the resource is `Stalled`.",
        "Create the policy, or correct its ARN in `spec.permissions.managedPolicies` or \
         `spec.permissionsBoundary`; the controller retries by itself, at least every ten minutes.";
    WAITING_FOR_ABSENCE = "WaitingForAbsence",
        "A read did not find an expected role; the controller reads it again before it treats it \
         as deleted, because reads of IAM can be stale.",
        "Wait about half a minute.";
    WAITING_FOR_CREATE = "WaitingForCreate",
        "The role was just created, and AWS does not show it everywhere yet.",
        "Wait up to two minutes.";
    INTERNAL_ERROR = "InternalError",
        "The controller met a bug while it worked on this resource, and set only this resource \
         aside.",
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
