use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::rest::RestError;

const CERTIFICATE: &str = include_str!("../../kubernetes/connection/testdata/ca.pem");

fn endpoint(url: &str) -> Endpoint {
    Endpoint {
        url: url.to_owned(),
        ..Endpoint::default()
    }
}

/// A server that answers one request after another and returns the heads of what it was asked.
async fn serve(answers: Vec<(u16, String)>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut heads = Vec::new();
        for (code, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4096];
            let count = stream.read(&mut buffer).await.unwrap();
            heads.push(String::from_utf8_lossy(&buffer[..count]).into_owned());
            let head = format!(
                "HTTP/1.1 {code} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(body.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        heads
    });
    (url, task)
}

#[tokio::test]
async fn asks_below_its_path_with_its_headers() {
    let body = json!({"taskmanagers": 1, "flink-version": "2.1.0"}).to_string();
    let (url, served) = serve(vec![(200, body)]).await;
    let endpoint = Endpoint {
        headers: [("Authorization".to_owned(), "Basic c2VjcmV0".to_owned())].into(),
        ..endpoint(&format!("{url}/orders/"))
    };
    assert!(!format!("{endpoint:?}").contains("c2VjcmV0"), "{endpoint:?}");
    let job_manager = endpoint.connect(CancellationToken::new()).unwrap();
    assert_eq!(job_manager.overview().await.unwrap().flink_version, "2.1.0");
    let head = &served.await.unwrap()[0];
    assert!(head.starts_with("GET /orders/overview HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("authorization: basic c2vjcmv0"), "{head}");
}

#[tokio::test]
async fn who_answers_instead_of_it_is_told_apart() {
    let answer = |code: u16, body: &str| vec![(code, body.to_owned())];
    let cases = [
        (answer(401, "login"), "does not accept the credentials (status 401)"),
        (answer(404, "<html>"), "is no JobManager (status 404)"),
        (answer(200, "<html>"), "cannot be read"),
        (
            answer(404, r#"{"errors": ["Job a1 not found"]}"#),
            "(status 404): Job a1 not found",
        ),
    ];
    for (answers, words) in cases {
        let (url, _served) = serve(answers).await;
        let job_manager = endpoint(&url).connect(CancellationToken::new()).unwrap();
        let error = job_manager.job("a1").await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let (url, served) = serve(vec![(503, String::new()), (200, "{}".to_owned())]).await;
    let job_manager = endpoint(&url).connect(CancellationToken::new()).unwrap();
    job_manager.overview().await.unwrap();
    assert_eq!(
        served.await.unwrap().len(),
        2,
        "an ingress without a backend is asked again"
    );
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let job_manager = endpoint(&url).connect(CancellationToken::new()).unwrap();
    let error = job_manager.overview().await.unwrap_err();
    assert!(
        matches!(error, RestError::Unreachable { .. }) && error.to_string().contains(&url),
        "{error}"
    );
}

#[test]
fn settings_that_make_no_endpoint() {
    let error = |endpoint: Endpoint| endpoint.config().unwrap_err();
    for url in [
        "",
        "flink.example.com",
        "ftp://flink.example.com",
        "https://flink.example.com/?a=b",
    ] {
        assert!(matches!(error(endpoint(url)), EndpointError::NotAUrl { .. }), "{url}");
    }
    let with_password = error(endpoint("https://user:hunter22@flink.example.com"));
    assert!(!with_password.to_string().contains("hunter22"), "{with_password}");
    let good = || endpoint("https://flink.example.com");
    let pem = Some(CERTIFICATE.to_owned());
    let cases = [
        (
            Endpoint {
                ca_certificate: Some("no".to_owned()),
                ..good()
            },
            EndpointError::NotPem { what: "CA certificate" },
        ),
        (
            Endpoint {
                client_certificate: pem.clone(),
                ..good()
            },
            EndpointError::Unpaired,
        ),
        (
            Endpoint {
                client_certificate: pem.clone(),
                client_key: Some("no".to_owned()),
                ..good()
            },
            EndpointError::NotPem { what: "client key" },
        ),
        (
            Endpoint {
                headers: [("a b".to_owned(), "c".to_owned())].into(),
                ..good()
            },
            EndpointError::Header { name: "a b".to_owned() },
        ),
    ];
    for (endpoint, expected) in cases {
        assert_eq!(error(endpoint), expected);
    }
    assert!(
        Endpoint {
            ca_certificate: pem,
            ..good()
        }
        .config()
        .is_ok()
    );
}
