//! Counts the requests to the API server, where all of them go through.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::{Layer, Service};

use crate::metrics::Metrics;

/// Puts [`Counted`] around a client.
#[derive(Clone)]
pub struct Counting(pub Arc<Metrics>);

impl<S> Layer<S> for Counting {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, metrics: Arc::clone(&self.0) }
    }
}

/// A client that counts.
#[derive(Clone)]
pub struct Counted<S> {
    inner: S,
    metrics: Arc<Metrics>,
}

impl<S, B, R> Service<Request<B>> for Counted<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let watches = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        let method = if watches { "WATCH".to_owned() } else { request.method().to_string() };
        let metrics = Arc::clone(&self.metrics);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let code = match &answer {
                Ok(response) => response.status().as_str().to_owned(),
                Err(_) => "none".to_owned(),
            };
            metrics.kubernetes_requests.inc([&method, &code]);
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn each_request_is_counted_by_method_and_code() {
        let metrics = Arc::new(Metrics::new());
        let inner = tower::service_fn(|request: Request<()>| async move {
            let code = if request.uri().path() == "/there" { 200 } else { 404 };
            Ok::<_, Infallible>(Response::builder().status(code).body(()).unwrap())
        });
        let client = Counting(Arc::clone(&metrics)).layer(inner);
        let refused = tower::service_fn(|_: Request<()>| async { Err::<Response<()>, _>("no") });
        let broken = Counting(Arc::clone(&metrics)).layer(refused);
        let get = |uri: &str| Request::get(uri).body(()).unwrap();
        for uri in ["/there", "/there", "/there?watch=true&x=1", "/away"] {
            client.clone().oneshot(get(uri)).await.unwrap();
        }
        broken.oneshot(Request::patch("/there").body(()).unwrap()).await.unwrap_err();
        let text = metrics.text();
        for line in [
            r#"rolewright_kubernetes_requests_total{method="GET",code="200"} 2"#,
            r#"rolewright_kubernetes_requests_total{method="WATCH",code="200"} 1"#,
            r#"rolewright_kubernetes_requests_total{method="GET",code="404"} 1"#,
            r#"rolewright_kubernetes_requests_total{method="PATCH",code="none"} 1"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
