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

/// Whether a service principal, in any regional form, is that of EKS Pod Identity.
pub(in crate::trust) fn is_pods(name: &str) -> bool {
    name.starts_with("pods.eks.")
}
