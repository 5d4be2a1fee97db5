//! That it is the right account that answers. Credentials can change while the process runs, to
//! those of another account: there every role is missing, and each would be made again.
//!
//! Each call is signed with an access key, which belongs to one account for ever. A key counts as
//! ours once an answer to it had an ARN of our account in it, or STS said so. With a key of which
//! that is not known no write leaves the process, and no answer is believed. At rest this costs
//! nothing: a new key is proven by the next page of a sweep.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use aws_sdk_sts::config::{
    ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::box_error::BoxError;
use iam::account::AccountId;
use tracing::info;

use crate::{
    aws::{
        arns::Arns,
        error::{self, NotProven},
        meter::Meter,
    },
    plan::failure::{IamError, IamErrorClass},
};

/// Keys that are remembered: those of calls under way while they change.
const KEPT: usize = 8;

/// What is known of an access key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Ours,
    /// It is another account's, by this id.
    Other(String),
}

/// What is known of the access keys that have been in use lately.
#[derive(Debug, Default)]
pub struct Keys(Mutex<VecDeque<(String, Verdict)>>);

impl Keys {
    fn verdict(&self, key: &str) -> Option<Verdict> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(known, _)| known == key).map(|(_, verdict)| verdict.clone())
    }

    /// Notes what a key is. True when that is news.
    fn note(&self, key: &str, verdict: Verdict) -> bool {
        if self.verdict(key).as_ref() == Some(&verdict) {
            return false;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(known, _)| known != key);
        known.truncate(KEPT - 1);
        known.push_front((key.to_owned(), verdict));
        true
    }
}

/// The signature of one call: notes its key, and stops it where the key does not reach.
#[derive(Clone, Debug)]
pub struct Signature {
    keys: Arc<Keys>,
    write: bool,
    key: Arc<OnceLock<String>>,
}

impl Signature {
    fn new(keys: &Arc<Keys>, write: bool) -> Self {
        Self { keys: Arc::clone(keys), write, key: Arc::default() }
    }

    /// The access key; empty before the call was signed.
    fn key(&self) -> &str {
        self.key.get().map(String::as_str).unwrap_or_default()
    }
}

impl Intercept for Signature {
    fn name(&self) -> &'static str {
        "Signature"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let header = context.request().headers().get("authorization").unwrap_or_default();
        let key = access_key(header);
        let _ = self.key.set(key.to_owned());
        match self.keys.verdict(key) {
            Some(Verdict::Ours) => Ok(()),
            None if !self.write => Ok(()),
            _ => Err(NotProven.into()),
        }
    }
}

/// `AWS4-HMAC-SHA256 Credential=KEY/20261130/us-east-1/iam/aws4_request, SignedHeaders=…`.
fn access_key(header: &str) -> &str {
    let credential = header.split("Credential=").nth(1).unwrap_or_default();
    credential.split('/').next().unwrap_or_default()
}

/// The account that an ARN names.
fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// Holds all calls of one client to one account.
#[derive(Debug)]
pub struct AccountGuard {
    account: AccountId,
    keys: Arc<Keys>,
    sts: aws_sdk_sts::Client,
    /// Who asks STS; the others wait for the answer.
    asking: tokio::sync::Mutex<()>,
}

/// Asks STS whose the credentials are.
///
/// # Errors
/// A sentence in AWS's words, with the remedy.
pub async fn whose(
    sts: &aws_sdk_sts::Client,
) -> Result<(String, aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput), String>
{
    let signature = Signature::new(&Arc::default(), false);
    let request = sts.get_caller_identity().customize().interceptor(signature.clone());
    let answer = request.send().await.map_err(|error| error::sentence(&error))?;
    Ok((signature.key().to_owned(), answer))
}

impl AccountGuard {
    /// For `account`, which the access key `proven` belongs to.
    pub fn new(account: AccountId, proven: &str, sts: aws_sdk_sts::Client) -> Self {
        let guard =
            Self { account, keys: Arc::default(), sts, asking: tokio::sync::Mutex::default() };
        guard.keys.note(proven, Verdict::Ours);
        guard
    }

    /// For one call.
    pub fn signature(&self, write: bool) -> Signature {
        Signature::new(&self.keys, write)
    }

    /// Takes in an answer. `None`: the call is to be made once more.
    pub async fn heard<O: Arns>(
        &self,
        action: &'static str,
        signature: &Signature,
        answer: Result<O, IamError>,
        meter: &Meter,
    ) -> Option<Result<O, IamError>> {
        let key = signature.key();
        let arns = answer.as_ref().map(Arns::arns).unwrap_or_default();
        let other = arns.iter().map(|arn| account_of(arn)).find(|id| self.account != **id);
        if let Some(other) = other {
            self.note(key, Verdict::Other(other.to_owned()), meter);
            return Some(Err(self.other(action, other)));
        }
        if !arns.is_empty() {
            self.note(key, Verdict::Ours, meter);
            return Some(answer);
        }
        let class = answer.as_ref().err().map(|error| error.class);
        let unsent = class == Some(IamErrorClass::OtherAccount);
        let doubtful =
            matches!(class, None | Some(IamErrorClass::NotFound | IamErrorClass::AccessDenied));
        let ours = || self.keys.verdict(key) == Some(Verdict::Ours);
        if key.is_empty() || !(unsent || doubtful && !ours()) {
            return Some(answer);
        }
        match self.ask(action, key, meter).await {
            Ok(()) if doubtful && ours() => Some(answer),
            // It was not sent, or nobody knows which account has answered.
            Ok(()) => None,
            Err(failure) => Some(Err(failure)),
        }
    }

    /// Makes sure that the credentials are of our account, where nobody knows it of `key`.
    async fn ask(&self, action: &'static str, key: &str, meter: &Meter) -> Result<(), IamError> {
        let _turn = self.asking.lock().await;
        match self.keys.verdict(key) {
            Some(Verdict::Ours) => return Ok(()),
            Some(Verdict::Other(other)) => return Err(self.other(action, &other)),
            None => {}
        }
        let signature = Signature::new(&Arc::default(), false);
        let request = self.sts.get_caller_identity().customize().interceptor(signature.clone());
        let answer = meter.measure("GetCallerIdentity", "", Box::pin(request.send())).await?;
        let found = answer.account().unwrap_or_default();
        if self.account == *found {
            self.note(signature.key(), Verdict::Ours, meter);
            return Ok(());
        }
        self.note(signature.key(), Verdict::Other(found.to_owned()), meter);
        Err(self.other(action, found))
    }

    fn note(&self, key: &str, verdict: Verdict, meter: &Meter) {
        let other = if let Verdict::Other(other) = &verdict { Some(other.clone()) } else { None };
        if !self.keys.note(key, verdict) {
            return;
        }
        let account = self.account.as_str();
        meter.metrics().other_account.set([account], i64::from(other.is_some()));
        if let Some(other) = other {
            tracing::error!(
                account,
                other,
                "the credentials changed and now belong to another account: nothing is written"
            );
        } else {
            info!(account, "the credentials changed, and belong to the same account");
        }
    }

    fn other(&self, action: &'static str, found: &str) -> IamError {
        let message = format!(
            "the credentials now belong to account {found}, but the roles are in {}: nothing is \
             written, and nothing is concluded about the roles",
            self.account
        );
        IamError { action, class: IamErrorClass::OtherAccount, message, request_id: None }
    }

    /// Where each answer came with yet another key.
    pub fn unsettled(action: &'static str) -> IamError {
        let message = "the credentials change with each call".into();
        IamError { action, class: IamErrorClass::OtherAccount, message, request_id: None }
    }
}

#[cfg(test)]
mod tests;
