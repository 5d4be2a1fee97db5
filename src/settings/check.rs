//! Settings that name something in AWS or in the cluster: what could never be right is refused, and
//! once the account is known also what could not be right in it.

use std::collections::BTreeSet;

use super::{SettingError, wrong};
use crate::plan::scope::limits::BoundaryRule;
use iam::{
    account::{Account, AccountId},
    arn::IamArn,
    managed::ManagedPolicyRules,
    name,
    nearest::nearest,
    placeholder,
    tag::{self, Tags},
    trust::{
        Issuer,
        limits::{Own, Trusted},
        principals::is_organization_id,
    },
};

/// The account, once it is known.
fn known(account: &Account) -> Option<&Account> {
    Some(account).filter(|account| account.id != AccountId::NONE)
}

/// Which boundary roles get.
pub fn boundary(text: &str, account: &Account) -> Result<BoundaryRule, SettingError> {
    const FLAG: &str = "permissions-boundary";
    if text == "none" {
        return Ok(BoundaryRule::Free);
    }
    placeholders(FLAG, text)?;
    let policy = IamArn::parse(&account.expand(text)).ok().filter(|arn| {
        // A slash too many, or a name that IAM does not take.
        arn.kind == "policy"
            && name::check_path(&arn.path()).is_ok()
            && name::check_policy_name(arn.name()).is_ok()
    });
    let Some(policy) = policy else {
        let remedy = "is neither a policy ARN nor none: write \
            arn:{partition}:iam::{accountId}:policy/NAME";
        return Err(wrong(FLAG, text, remedy));
    };
    if known(account).is_some() {
        elsewhere(FLAG, text, &policy, account, policy.account == "aws")?;
    }
    Ok(BoundaryRule::Always(text.to_owned()))
}

/// Refuses what is not in the account or its partition.
fn elsewhere(
    flag: &'static str,
    text: &str,
    arn: &IamArn,
    account: &Account,
    anywhere: bool,
) -> Result<(), SettingError> {
    if arn.partition != account.partition {
        let (theirs, ours) = (&arn.partition, &account.partition);
        return Err(wrong(
            flag,
            text,
            format!("is of the partition {theirs}, and the account of {ours}: write {{partition}}"),
        ));
    }
    if !anywhere && account.id != *arn.account {
        return Err(wrong(
            flag,
            text,
            format!(
                "is in account {}, and roles are made in {}: write {{accountId}}, and see that it \
                 is there too",
                arn.account, account.id
            ),
        ));
    }
    Ok(())
}

/// Which policies may be attached. A pattern that covers no policy of the account is a mistake, and
/// an exclusion that covers none lets through what it names.
pub fn managed_policies(
    patterns: &[String],
    account: &Account,
) -> Result<ManagedPolicyRules, SettingError> {
    const FLAG: &str = "managed-policies";
    for pattern in patterns {
        placeholders(FLAG, pattern)?;
    }
    let rules = ManagedPolicyRules::new(patterns)
        .map_err(|error| wrong(FLAG, &patterns.join(","), error.to_string()))?;
    let Some(account) = known(account) else { return Ok(rules) };
    let own = |owner: &str| format!("arn:{}:iam::{owner}:policy/", account.partition);
    let begins = [own(account.id.as_str()), own("aws")];
    for pattern in patterns {
        let expanded = account.expand(pattern.strip_prefix('!').unwrap_or(pattern));
        let fits = |begin: &String| can_begin(&expanded, begin);
        if !begins.iter().any(fits) {
            let remedy = format!(
                "covers no policy of account {} in the partition {} or of AWS: write \
                 arn:{{partition}}:iam::{{accountId}}:policy/… or \
                 arn:{{partition}}:iam::aws:policy/…",
                account.id, account.partition
            );
            return Err(wrong(FLAG, pattern, remedy));
        }
    }
    Ok(rules)
}

/// Whether something that begins so can have the form of a pattern with `*`. Letter case is
/// ignored, as exclusions do.
fn can_begin(pattern: &str, begin: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let star = |at: usize| pattern.get(at) == Some(&'*');
    // Where in the pattern one may be: a star stands for nothing too.
    let mut places = vec![0];
    for sign in begin.chars() {
        let mut next = Vec::new();
        for place in places {
            let mut place = place;
            while star(place) {
                next.push(place);
                place += 1;
            }
            if pattern.get(place).is_some_and(|other| other.eq_ignore_ascii_case(&sign)) {
                next.push(place + 1);
            }
        }
        next.sort_unstable();
        next.dedup();
        places = next;
    }
    !places.is_empty()
}

/// An issuer of tokens. A provider has to be in the account of the roles.
pub fn issuer(text: &str, account: &Account) -> Result<(), SettingError> {
    const FLAG: &str = "oidc-issuer";
    placeholders(FLAG, text)?;
    let expanded = account.expand(text);
    let named = IamArn::parse(&expanded).ok();
    if let (Some(account), Some(arn)) = (known(account), &named) {
        elsewhere(FLAG, text, arn, account, false)?;
    }
    // Before the account is known, it is the one that the provider is in.
    let own = named.and_then(|arn| Account::new(&arn.account, &arn.partition).ok());
    let place = known(account).or(own.as_ref()).unwrap_or(account);
    Issuer::parse(&expanded, place).map(drop).map_err(|error| wrong(FLAG, text, error.to_string()))
}

/// Refuses braces around anything that is not replaced.
fn placeholders(flag: &'static str, text: &str) -> Result<(), SettingError> {
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (_, inner) = rest.split_at(at);
        let named = inner.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        match named {
            Some((name, after)) if placeholder::KNOWN.contains(&name) => rest = after,
            Some((name, _)) => {
                let remedy = match nearest(name, placeholder::KNOWN.into_iter()) {
                    Some(meant) => format!("write {{{meant}}}"),
                    None => "use {accountId} and {partition}, there are no others".into(),
                };
                return Err(wrong(flag, text, format!("holds {{{name}}}: {remedy}")));
            }
            None => {
                return Err(wrong(flag, text, "holds half a pair of braces: close or remove it"));
            }
        }
    }
    Ok(())
}

/// Whom roles may trust beside their own account.
pub fn trusted(trusted: &[String], own: &[String]) -> Result<Trusted, SettingError> {
    let (accounts, organizations) = ids("trusted-accounts", trusted)?;
    let own = if own.is_empty() {
        None
    } else {
        let (accounts, organizations) = ids("own-accounts", own)?;
        Some(Own { accounts, organizations })
    };
    Ok(Trusted { accounts, organizations, own })
}

type Ids = (BTreeSet<AccountId>, BTreeSet<String>);

fn ids(flag: &'static str, list: &[String]) -> Result<Ids, SettingError> {
    let (mut accounts, mut organizations) = (BTreeSet::new(), BTreeSet::new());
    for text in list {
        if let Ok(id) = text.parse() {
            accounts.insert(id);
        } else if is_organization_id(text) {
            organizations.insert(text.clone());
        } else {
            let remedy = "is neither an account id of twelve digits nor an organization id: write \
                o- and 10 to 32 letters and digits";
            return Err(wrong(flag, text, remedy));
        }
    }
    Ok((accounts, organizations))
}

/// Tags that roles get by default: as many as a resource and rolewright itself leave room for, and
/// one to spare.
pub fn tags(list: &[String]) -> Result<Tags, SettingError> {
    const FLAG: &str = "default-tags";
    const MOST: usize = 6;
    let mut tags = Tags::new();
    for text in list {
        let Some((key, value)) = text.split_once('=') else {
            return Err(wrong(FLAG, text, "is no tag: write KEY=VALUE"));
        };
        tag::check(key, value).map_err(|error| wrong(FLAG, text, error.to_string()))?;
        if tags.insert(key.into(), value.to_owned()).is_some() {
            let remedy = "names a key twice, and IAM ignores letter case: remove one";
            return Err(wrong(FLAG, text, remedy));
        }
    }
    if tags.len() > MOST {
        let remedy = format!("are {} tags: keep at most {MOST}", tags.len());
        return Err(wrong(FLAG, &list.join(","), remedy));
    }
    Ok(tags)
}

/// A namespace of Kubernetes.
pub fn namespace(flag: &'static str, text: &str, otherwise: &str) -> Result<(), SettingError> {
    if text.is_empty() {
        return Err(wrong(flag, "", format!("is empty: name a namespace, or {otherwise}")));
    }
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let label = text.len() <= 63
        && text.starts_with(inner)
        && text.ends_with(inner)
        && text.chars().all(|c| inner(c) || c == '-');
    if label {
        return Ok(());
    }
    Err(wrong(
        flag,
        text,
        "is no name of a namespace: use at most 63 of a-z, 0-9 and -, and begin and end with a \
         letter or a digit",
    ))
}
