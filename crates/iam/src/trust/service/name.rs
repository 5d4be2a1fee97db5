//! Names of service principals.

/// `x.amazonaws.com` or `x.amazonaws.com.cn`, where x is one or more labels of lower-case letters,
/// digits and `-`.
pub(in crate::trust) fn is_service(value: &str) -> bool {
    let labels =
        value.strip_suffix(".amazonaws.com").or_else(|| value.strip_suffix(".amazonaws.com.cn"));
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    labels.is_some_and(|labels| labels.split('.').all(label))
}

/// A service principal without its suffix and its Region.
pub(super) fn short_name(service: &str) -> Option<&str> {
    let labels = service
        .strip_suffix(".amazonaws.com")
        .or_else(|| service.strip_suffix(".amazonaws.com.cn"))?;
    let regional = labels.rsplit_once('.').filter(|(_, region)| is_region(region));
    Some(regional.map_or(labels, |(name, _)| name))
}

/// `eu-west-2`, `us-gov-east-1`: two letters, words, and a digit at the end.
fn is_region(label: &str) -> bool {
    let mut parts = label.split('-');
    parts.next().is_some_and(|area| area.len() == 2 && area.bytes().all(|b| b.is_ascii_lowercase()))
        && label.matches('-').count() >= 2
        && parts.all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
        && label.ends_with(|c: char| c.is_ascii_digit())
}

/// Whether a service principal, in any regional form, is that of EKS Pod Identity.
pub(in crate::trust) fn is_pods(name: &str) -> bool {
    name.starts_with("pods.eks.")
}
