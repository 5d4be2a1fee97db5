//! Services that are known to send `aws:SourceAccount` when they assume a role.
//!
//! A service is here only when its own documentation shows a role's trust policy with that key, or
//! advises to use the key in it. Regional names such as `amplify.eu-south-1.amazonaws.com` count as
//! the service.
//!
//! Read on 2026-11-30 and not here:
//!
//! - `cloudtrail`: its role for logs does not support the key (AWS `CloudTrail` User Guide: Role
//!   policy document for `CloudTrail` to use `CloudWatch` Logs for monitoring).
//! - `s3` and `batchoperations.s3`: shown without it (Amazon S3 User Guide: Setting up permissions
//!   for live replication; Granting permissions for Batch Operations).
//! - `sns`: its role for delivery logs is described without it (Amazon SNS Developer Guide:
//!   Prerequisites for delivery status logging).
//! - `ec2`: a role on a machine is its own account's in any case.

use crate::trust::service::name::short_name;

/// A service principal without its suffix, the AWS documentation page that speaks of the key in its
/// trust policy, and the day when that page was read.
pub const SENDERS: [(&str, &str, &str); 36] = [
    ("airflow", "Amazon MWAA User Guide: Cross-service confused deputy prevention", "2026-11-24"),
    (
        "airflow-env",
        "Amazon MWAA User Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "amplify",
        "AWS Amplify Hosting User Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "amplifybackend",
        "AWS Amplify Hosting User Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "appstream",
        "Amazon WorkSpaces Applications Administration Guide: Example: fleet machine role",
        "2026-11-30",
    ),
    (
        "autoscaling",
        "Amazon EC2 Auto Scaling User Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    ("batch", "AWS Batch User Guide: Cross-service confused deputy prevention", "2026-11-24"),
    (
        "bedrock",
        "Amazon Bedrock User Guide: Create a custom service role for batch inference",
        "2026-11-30",
    ),
    (
        "codedeploy",
        "AWS CodeDeploy User Guide: Cross-service confused deputy prevention",
        "2026-11-30",
    ),
    (
        "comprehend",
        "Amazon Comprehend Developer Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "config",
        "AWS Config Developer Guide: Permissions for the IAM Role Assigned to AWS Config",
        "2026-11-30",
    ),
    ("datasync", "AWS DataSync User Guide: Cross-service confused deputy prevention", "2026-11-24"),
    (
        "dms",
        "AWS Database Migration Service User Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "ds",
        "AWS Directory Service Administration Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    ("ecs-tasks", "Amazon ECS Developer Guide: Amazon ECS task IAM role", "2026-11-30"),
    (
        "eks",
        "Amazon EKS User Guide: Cross-service confused deputy prevention in Amazon EKS",
        "2026-11-24",
    ),
    (
        "es",
        "Amazon OpenSearch Service Developer Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "iotevents",
        "AWS IoT Events Developer Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "iotsitewise",
        "AWS IoT SiteWise User Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "kafkaconnect",
        "Amazon MSK Developer Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "kinesisanalytics",
        "Kinesis Data Analytics Developer Guide: Cross-service confused deputy prevention",
        "2026-11-30",
    ),
    (
        "lambda",
        "AWS Lambda Developer Guide: Working with AWS managed policies in the execution role",
        "2026-11-30",
    ),
    (
        "mediaconvert",
        "AWS Elemental MediaConvert User Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "mediatailor",
        "AWS Elemental MediaTailor User Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "opsworks-cm",
        "AWS OpsWorks User Guide: Cross-service confused deputy prevention in AWS OpsWorks CM",
        "2026-11-24",
    ),
    (
        "personalize",
        "Amazon Personalize Developer Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    ("proton", "AWS Proton User Guide: Cross-service confused deputy prevention", "2026-11-24"),
    (
        "rds",
        "Amazon RDS User Guide: Preventing cross-service confused deputy problems",
        "2026-11-24",
    ),
    (
        "rekognition",
        "Amazon Rekognition Developer Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "scheduler",
        "Amazon EventBridge Scheduler User Guide: Confused deputy prevention",
        "2026-11-30",
    ),
    (
        "ssm",
        "AWS Systems Manager User Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "states",
        "AWS Step Functions Developer Guide: Creating an IAM role for your state machine",
        "2026-11-30",
    ),
    (
        "textract",
        "Amazon Textract Developer Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "transfer",
        "AWS Transfer Family User Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "voiceid",
        "Amazon Connect Administrator Guide: Cross-service confused deputy prevention",
        "2026-11-24",
    ),
    (
        "vpc-flow-logs",
        "Amazon VPC User Guide: IAM role for publishing flow logs to CloudWatch Logs",
        "2026-11-30",
    ),
];

/// Whether the service is known to send `aws:SourceAccount`.
#[must_use]
pub fn sends_source_account(service: &str) -> bool {
    let name = short_name(service);
    SENDERS.iter().any(|(known, ..)| name == Some(known))
}
