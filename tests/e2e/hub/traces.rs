//! Tests traces: one message, from the hub's caller to the page, is exported to a collector.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use harness::standin::Settings;
use harness::{Hub, ManagerOptions, poll, send_request, start_linked};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message;
use serde_json::json;
use tokio::net::TcpListener;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// An exported span.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ExportedSpan {
    service: String,
    name: String,
    trace: String,
    id: String,
    parent: String,
}

/// A collector, and the spans that it received.
#[derive(Clone, Default)]
struct Collector {
    bodies: Arc<Mutex<Vec<Bytes>>>,
    /// The status with which the collector responds.
    status: StatusCode,
}

impl Collector {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let take = async |State(this): State<Self>, body: Bytes| {
            this.bodies.lock().unwrap().push(body);
            this.status
        };
        let router = Router::new().route("/v1/traces", post(take));
        let router = router.with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    fn spans(&self) -> Vec<ExportedSpan> {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut found = Vec::new();
        for body in self.bodies.lock().unwrap().iter() {
            let request = ExportTraceServiceRequest::decode(body.clone()).unwrap();
            for resource in request.resource_spans {
                let attributes = resource.resource.unwrap().attributes;
                let service = attributes
                    .iter()
                    .find(|attribute| attribute.key == "service.name");
                let service = service.unwrap().value.clone().unwrap().value;
                let Some(Value::StringValue(service)) = service else {
                    panic!("{service:?}");
                };
                for span in resource
                    .scope_spans
                    .into_iter()
                    .flat_map(|scope| scope.spans)
                {
                    found.push(ExportedSpan {
                        service: service.clone(),
                        trace: hex(&span.trace_id),
                        id: hex(&span.span_id),
                        parent: hex(&span.parent_span_id),
                        name: span.name,
                    });
                }
            }
        }
        found
    }

    /// Returns the span with this name once it has been exported.
    async fn wait_for_span(&self, service: &str, name: &str) -> ExportedSpan {
        poll::until(&format!("{name} of {service}"), async || {
            let mut spans = self.spans().into_iter();
            spans.find(|span| {
                (
                    span.service.as_str(),
                    span.name.as_str(),
                    span.trace.as_str(),
                ) == (service, name, TRACE)
            })
        })
        .await
    }
}

#[tokio::test]
async fn trace_spans_caller_hub_and_page() {
    let collector = Collector::default();
    let endpoint = collector.start().await;
    let traced = ManagerOptions::default()
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
        .with("OTEL_BSP_SCHEDULE_DELAY", 50)
        .with("DRY_RUN", false);
    let (_standin, mut manager) = start_linked(Settings::default(), traced.clone()).await;
    let hub = Hub::start(&manager, traced).await;
    let body = json!({"to": "5491158254201", "message": "un secreto"});
    let request = hub.client().post(hub.url("/send")).json(&body);
    let request = request.header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    let (status, message) = send_request(request).await;
    assert_eq!(status, 200, "{message}");

    let hub_span = collector.wait_for_span("central-hub", "POST /send").await;
    let manager_span = collector
        .wait_for_span("session-manager", "POST /send")
        .await;
    let page = collector.wait_for_span("session-manager", "page").await;
    assert_eq!(hub_span.parent, CALLER);
    assert_eq!(manager_span.parent, hub_span.id);
    assert_eq!(page.parent, manager_span.id);
    for body in collector.bodies.lock().unwrap().iter() {
        let text = String::from_utf8_lossy(body);
        assert!(!text.contains("5491158254201") && !text.contains("un secreto"));
    }
    manager.stop().await;
}

#[tokio::test]
async fn unreachable_trace_collector_is_logged_once_and_blocks_nothing() {
    let collector = Collector {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        ..Collector::default()
    };
    let options = ManagerOptions::default()
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", collector.start().await)
        .with("OTEL_BSP_SCHEDULE_DELAY", 50);
    let (_standin, mut manager) = start_linked(Settings::default(), options).await;
    poll::until("several refusals", async || {
        assert_eq!(manager.get("/status").await.1["status"], "READY");
        (collector.bodies.lock().unwrap().len() >= 3).then_some(())
    })
    .await;
    assert!(manager.stop().await.success());
    let log = std::fs::read_to_string(manager.folder.join("session-manager.log")).unwrap();
    assert_eq!(log.matches("traces are lost").count(), 1, "{log}");
}
