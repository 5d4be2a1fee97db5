//! The writing side of the port.

use crate::{
    plan::{decide::ownership::Proven, failure::IamError, steps::step::Written},
    ports::IamWrite,
    sim::iam::{About, FakeIam},
};

impl IamWrite for FakeIam {
    async fn turn(&self) {
        self.wait(true).await;
    }

    async fn write(&self, proven: Proven<'_>) -> Result<Written, IamError> {
        let step = proven.step();
        let about = About {
            action: step.call.action(),
            role: Some(step.role.name.as_str()),
            step: Some(step),
        };
        let (role, was_gone) = self
            .call(about, |state, now| {
                let name = step.role.name.as_str();
                let before = state.account.current(name).cloned();
                let role = state.account.write(step, now)?;
                let same = state.account.current(name) == before.as_ref();
                Ok((role, same && step.call.removes()))
            })
            .await?;
        Ok(Written { role, request_id: None, was_gone })
    }
}
