//! The services every go-plugin server offers beside its own.

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::generated::plugin::grpc_broker_server::GrpcBroker;
use crate::generated::plugin::grpc_controller_server::GrpcController;
use crate::generated::plugin::grpc_stdio_server::GrpcStdio;
use crate::generated::plugin::{ConnInfo, Empty, StdioData};

/// The name go-plugin's client asks the health service for.
pub(crate) const HEALTH_SERVICE: &str = "plugin";

/// All three services. They know one thing: when the process ends.
#[derive(Clone, Debug)]
pub(crate) struct GoPlugin {
    stop: CancellationToken,
}

impl GoPlugin {
    /// Services of a process that ends when `stop` is cancelled.
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { stop }
    }

    /// A stream without items. It must end with the process, or a graceful stop would wait for it.
    fn idle<T: Send + 'static>(&self) -> BoxStream<'static, Result<T, Status>> {
        stream::pending()
            .take_until(self.stop.clone().cancelled_owned())
            .boxed()
    }
}

#[tonic::async_trait]
impl GrpcController for GoPlugin {
    /// Ends the process. Without an answer Terraform waits two seconds and kills it.
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        tracing::debug!("the client asks this plugin to end");
        self.stop.cancel();
        Ok(Response::new(Empty {}))
    }
}

#[tonic::async_trait]
impl GrpcStdio for GoPlugin {
    type StreamStdioStream = BoxStream<'static, Result<StdioData, Status>>;

    /// Stays silent: what this process prints goes to its stderr, which the client reads anyway.
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<Self::StreamStdioStream>, Status> {
        Ok(Response::new(self.idle()))
    }
}

#[tonic::async_trait]
impl GrpcBroker for GoPlugin {
    type StartStreamStream = BoxStream<'static, Result<ConnInfo, Status>>;

    /// Stays silent: Terraform's provider protocol needs no further connections.
    async fn start_stream(&self, _: Request<Streaming<ConnInfo>>) -> Result<Response<Self::StartStreamStream>, Status> {
        Ok(Response::new(self.idle()))
    }
}
