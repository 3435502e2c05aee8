//! The API of solti 0.0.8 over gRPC.

use serde_json::json;
use solti_api::grpc::wire;
use solti_api::tonic::metadata::MetadataValue;
use solti_api::tonic::transport::{Channel, Endpoint};
use solti_api::tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{Serving, settings, state_of};
use crate::{Place, shell, with};

type Client = wire::TaskServiceClient<Channel>;

/// A connection to a service.
async fn connect(serving: &Serving) -> Channel {
    let address = format!("http://{}", serving.address("grpc"));
    Endpoint::from_shared(address)
        .unwrap()
        .connect()
        .await
        .unwrap()
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value: MetadataValue<_> = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

/// A manifest that says `hello`.
fn manifest(name: &str) -> wire::TaskManifest {
    let command = wire::CommandMode {
        command: "echo".to_owned(),
        args: vec!["hello".to_owned()],
    };
    let subprocess = wire::SubprocessTask {
        mode: Some(wire::SubprocessMode {
            mode: Some(wire::subprocess_mode::Mode::Command(command)),
        }),
        fail_on_non_zero: true,
        ..Default::default()
    };
    wire::TaskManifest {
        api_version: "solti.io/v1".to_owned(),
        kind: "Task".to_owned(),
        metadata: Some(wire::TaskManifestMeta {
            name: name.to_owned(),
            ..Default::default()
        }),
        spec: Some(wire::TaskSpec {
            slot: "s".to_owned(),
            workload: Some(wire::TaskWorkload {
                api_version: "solti.io/v1".to_owned(),
                kind: "Subprocess".to_owned(),
                spec: Some(wire::task_workload::Spec::Subprocess(subprocess)),
            }),
            timeout_ms: 60_000,
            restart: wire::RestartPolicy::Never.into(),
            backoff: Some(wire::BackoffPolicy {
                jitter: wire::JitterPolicy::None.into(),
                first_ms: 1,
                max_ms: 2,
                factor: 1.0,
            }),
            admission: wire::AdmissionPolicy::Queue.into(),
            ..Default::default()
        }),
    }
}

async fn get(client: &mut Client, name: &str, token: &str) -> Result<wire::Task, Status> {
    let message = wire::GetTaskRequest {
        name: name.to_owned(),
    };
    let answer = client.get_task(with_token(message, token)).await?;
    Ok(answer.into_inner().task.unwrap())
}

/// The lines of a task.
async fn lines(client: &mut Client, task: &wire::Task, token: &str) -> Vec<Vec<u8>> {
    let metadata = task.metadata.as_ref().unwrap();
    let message = wire::StreamTaskLogsRequest {
        name: metadata.name.clone(),
        task_uid: metadata.uid.clone(),
    };
    let answer = client.stream_task_logs(with_token(message, token)).await;
    let mut stream = answer.unwrap().into_inner();
    let mut lines = Vec::new();
    while let Some(event) = stream.message().await.unwrap() {
        if let Some(wire::stream_task_logs_response::Kind::Chunk(chunk)) = event.kind {
            lines.push(chunk.line.to_vec());
        }
    }
    lines
}

#[test]
fn a_client_of_grpc_gets_what_one_of_http_gets() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &["--grpc", "127.0.0.1:0"]);
    let token = std::fs::read_to_string(state_of(&place).join("token")).unwrap();
    let token = token.trim();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let channel = connect(&serving).await;
        let mut client = Client::new(channel.clone());
        for wrong in ["", "almost", &token[..token.len() - 1]] {
            let refused = get(&mut client, "n", wrong).await.unwrap_err();
            assert_eq!(refused.code(), Code::Unauthenticated, "{wrong}");
        }
        let refused = get(&mut client, "n", token).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        let message = wire::CreateTaskRequest {
            manifest: Some(manifest("n")),
        };
        let created = client
            .create_task(with_token(message, token))
            .await
            .unwrap();
        let created = created.into_inner().task.unwrap();
        serving.ended("n");
        assert_eq!(lines(&mut client, &created, token).await, [b"hello"]);
        // One that came over HTTP.
        serving.submit(&with(shell("h", "echo there"), json!({ "name": "h" })));
        serving.ended("h");
        let task = get(&mut client, "h", token).await.unwrap();
        let phase = task.status.as_ref().unwrap().phase;
        assert_eq!(phase, i32::from(wire::TaskPhase::Succeeded));
        assert_eq!(lines(&mut client, &task, token).await, [b"there"]);

        let mut health = HealthClient::new(channel);
        for service in ["", "solti.task.v1.TaskService"] {
            let request = HealthCheckRequest {
                service: service.to_owned(),
            };
            let answer = health.check(request).await.unwrap().into_inner();
            assert_eq!(
                answer.status,
                i32::from(ServingStatus::Serving),
                "{service}"
            );
        }
    });
    assert_eq!(serving.terminate().0, Some(0));
}

#[test]
fn a_service_that_lacks_a_plugin_is_not_healthy() {
    let place = Place::with(&["subprocess"]);
    let config = settings(
        &place,
        "require = ['wasm']\nno_auth = true\ngrpc = ['127.0.0.1:0']\n",
    );
    let serving = Serving::start(&place, &["--config", &config]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut health = HealthClient::new(connect(&serving).await);
        let began = std::time::Instant::now();
        loop {
            let answer = health.check(HealthCheckRequest::default()).await.unwrap();
            if answer.into_inner().status == i32::from(ServingStatus::NotServing) {
                return;
            }
            assert!(began.elapsed() < crate::SOON);
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
}
