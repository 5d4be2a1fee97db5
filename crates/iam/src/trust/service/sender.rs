//! Services that are known to send `aws:SourceAccount` when they assume a role.
//!
//! A service is here only when its own documentation shows a role trust policy with that key.
//! Services that run code on machines (EC2, Lambda) do not send it: a condition would lock them
//! out. Regional names such as `amplify.eu-south-1.amazonaws.com` count as the service.

/// A service principal without its suffix, and the AWS documentation page that shows its trust
/// policy.
pub const SENDERS: [(&str, &str); 26] = [
    ("airflow", "Amazon MWAA User Guide: Cross-service confused deputy prevention"),
    ("airflow-env", "Amazon MWAA User Guide: Cross-service confused deputy prevention"),
    ("amplify", "AWS Amplify Hosting User Guide: Cross-service confused deputy prevention"),
    ("amplifybackend", "AWS Amplify Hosting User Guide: Cross-service confused deputy prevention"),
    ("autoscaling", "Amazon EC2 Auto Scaling User Guide: Cross-service confused deputy prevention"),
    ("batch", "AWS Batch User Guide: Cross-service confused deputy prevention"),
    ("comprehend", "Amazon Comprehend Developer Guide: Cross-service confused deputy prevention"),
    ("datasync", "AWS DataSync User Guide: Cross-service confused deputy prevention"),
    ("dms", "AWS Database Migration Service User Guide: Cross-service confused deputy prevention"),
    ("ds", "AWS Directory Service Administration Guide: Cross-service confused deputy prevention"),
    ("eks", "Amazon EKS User Guide: Cross-service confused deputy prevention in Amazon EKS"),
    ("es", "Amazon OpenSearch Service Developer Guide: Cross-service confused deputy prevention"),
    ("iotevents", "AWS IoT Events Developer Guide: Cross-service confused deputy prevention"),
    ("iotsitewise", "AWS IoT SiteWise User Guide: Cross-service confused deputy prevention"),
    ("kafkaconnect", "Amazon MSK Developer Guide: Cross-service confused deputy prevention"),
    (
        "mediaconvert",
        "AWS Elemental MediaConvert User Guide: Cross-service confused deputy prevention",
    ),
    (
        "mediatailor",
        "AWS Elemental MediaTailor User Guide: Cross-service confused deputy prevention",
    ),
    (
        "opsworks-cm",
        "AWS OpsWorks User Guide: Cross-service confused deputy prevention in AWS OpsWorks CM",
    ),
    ("personalize", "Amazon Personalize Developer Guide: Cross-service confused deputy prevention"),
    ("proton", "AWS Proton User Guide: Cross-service confused deputy prevention"),
    ("rds", "Amazon RDS User Guide: Preventing cross-service confused deputy problems"),
    ("rekognition", "Amazon Rekognition Developer Guide: Cross-service confused deputy prevention"),
    ("ssm", "AWS Systems Manager User Guide: Cross-service confused deputy prevention"),
    ("textract", "Amazon Textract Developer Guide: Cross-service confused deputy prevention"),
    ("transfer", "AWS Transfer Family User Guide: Cross-service confused deputy prevention"),
    ("voiceid", "Amazon Connect Administrator Guide: Cross-service confused deputy prevention"),
];

/// Whether the service is known to send `aws:SourceAccount`.
#[must_use]
pub fn sends_source_account(service: &str) -> bool {
    let labels = service
        .strip_suffix(".amazonaws.com")
        .or_else(|| service.strip_suffix(".amazonaws.com.cn"));
    let Some(labels) = labels else { return false };
    let name = labels
        .split_once('.')
        .filter(|(_, region)| is_region(region))
        .map_or(labels, |(name, _)| name);
    SENDERS.iter().any(|(known, _)| *known == name)
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
