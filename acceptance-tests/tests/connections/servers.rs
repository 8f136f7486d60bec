//! The server at the other end, its certificate, and proxies on the way.

use acceptance_tests::proxy::{Manners, Proxy};
use acceptance_tests::scripted::Scripted;

use super::*;

const AWAY: &str = "Kubernetes API server cannot be reached";
const CERTIFICATE: &str = "Certificate of the Kubernetes API server is not accepted";

/// An authority that has signed nothing.
fn stranger() -> String {
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    authority.self_signed(&key).unwrap().pem()
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_certificate_is_accepted() {
    let Some(stage) = Stage::own().await else { return };
    let token = stage.reader("reader").await;
    let good = stage.access.connection_with(&token);
    let strange = Connection {
        cluster_ca_certificate: Some(stranger()),
        ..good.clone()
    };
    let parts = ["It is not signed by `cluster_ca_certificate`.", "(named by `host`)"];
    stage.refused(&strange, CERTIFICATE, &parts).await;
    let machine = Connection {
        cluster_ca_certificate: None,
        ..good.clone()
    };
    let parts = ["It is not signed by an authority that this machine trusts. Set `cluster_ca_certificate`"];
    stage.refused(&machine, CERTIFICATE, &parts).await;
    let insecure = Connection {
        insecure: Some(true),
        ..strange
    };
    stage.try_once(&insecure).await.unwrap();

    let other_name = Connection {
        tls_server_name: Some("kubernetes.example.com".to_owned()),
        ..good.clone()
    };
    stage
        .refused(
            &other_name,
            CERTIFICATE,
            &["kubernetes.example.com", "localhost", "Set `tls_server_name`"],
        )
        .await;
    for name in ["localhost", "127.0.0.1"] {
        let named = Connection {
            tls_server_name: Some(name.to_owned()),
            ..good.clone()
        };
        stage.try_once(&named).await.unwrap();
    }
    // The same from a kubeconfig.
    let user = json!({"token": token});
    for (cluster, works) in [
        (json!({"tls-server-name": "localhost"}), true),
        (json!({"tls-server-name": "kubernetes.example.com"}), false),
        (
            json!({"certificate-authority": null, "insecure-skip-tls-verify": true}),
            true,
        ),
        (
            json!({"certificate-authority": stage.file("strange.pem", &stranger())}),
            false,
        ),
    ] {
        let kubeconfig = stage.kubeconfig("config", user.clone(), cluster.clone());
        let outcome = stage.try_once(&at(&kubeconfig)).await;
        assert_eq!(outcome.is_ok(), works, "{cluster}: {outcome:?}");
        if !works {
            refused(outcome, CERTIFICATE, &["(named by cluster `dev` in `"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_lead_nowhere() {
    let Some(stage) = Stage::own().await else { return };
    let to = |host: String| Connection {
        host: Some(host),
        ..stage.access.connection_with("token")
    };
    let free = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    stage
        .refused(
            &to(format!("https://{free}")),
            AWAY,
            &["efused", "Nobody listens there", "`host` names the right one"],
        )
        .await;
    stage
        .refused(
            &to("https://kubernetes.invalid".to_owned()),
            AWAY,
            &["cannot be looked up here", "`host`"],
        )
        .await;
    let plain = Scripted::start(|_, _| (200, Value::Null)).await.unwrap();
    stage
        .refused(
            &to(plain.url().replace("http://", "https://")),
            AWAY,
            &["does not speak TLS"],
        )
        .await;
    stage
        .refused(
            &to(stage.access.server.replace("https://", "http://")),
            "Not a Kubernetes API server",
            &["wants `https://`"],
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proxies_lead_to_the_server() {
    let Some(stage) = Stage::own().await else { return };
    let token = stage.reader("reader").await;
    // A name that only the proxy knows, and a certificate for another.
    let inside = Connection {
        host: Some("https://kubernetes.example.com:6443".to_owned()),
        tls_server_name: Some("localhost".to_owned()),
        ..stage.access.connection_with(&token)
    };
    let through = |proxy: String| Connection {
        proxy_url: Some(proxy),
        ..inside.clone()
    };
    let proxy = Proxy::start(stage.access.address(), Manners::Open).await.unwrap();
    for (count, scheme) in ["http", "socks5", "socks5h"].into_iter().enumerate() {
        stage
            .try_once(&through(format!("{scheme}://{}", proxy.address())))
            .await
            .unwrap();
        assert_eq!(proxy.tunnels(), count + 1, "{scheme}");
    }
    let variable = environment(&[("KUBE_PROXY_URL", &format!("http://{}", proxy.address()))]);
    stage.try_in(&inside, &variable).await.unwrap();
    assert_eq!(proxy.tunnels(), 4);
    let cluster = json!({"proxy-url": format!("socks5://{}", proxy.address())});
    let kubeconfig = stage.kubeconfig("config", json!({"token": token}), cluster);
    stage.try_once(&at(&kubeconfig)).await.unwrap();
    assert_eq!(proxy.tunnels(), 5);
    // The block counts before the kubeconfig.
    let other = Proxy::start(stage.access.address(), Manners::Open).await.unwrap();
    let overridden = Connection {
        proxy_url: Some(format!("http://{}", other.address())),
        ..at(&kubeconfig)
    };
    stage.try_once(&overridden).await.unwrap();
    assert_eq!((proxy.tunnels(), other.tunnels()), (5, 1));
    let named = Connection {
        tls_server_name: None,
        ..through(format!("http://{}", proxy.address()))
    };
    stage
        .refused(
            &named,
            CERTIFICATE,
            &["kubernetes.example.com", "Set `tls_server_name`"],
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proxies_that_do_not() {
    let Some(stage) = Stage::own().await else { return };
    let token = stage.reader("reader").await;
    let through = |proxy: String| Connection {
        proxy_url: Some(proxy),
        ..stage.access.connection_with(&token)
    };
    let closed = Proxy::start(stage.access.address(), Manners::Closed).await.unwrap();
    for scheme in ["http", "socks5"] {
        let part = format!(
            "The proxy `{scheme}://{}` of `proxy_url` does not lead to",
            closed.address()
        );
        stage
            .refused(&through(format!("{scheme}://{}", closed.address())), AWAY, &[&part])
            .await;
    }
    let free = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    for scheme in ["http", "socks5"] {
        let part = format!("The proxy `{scheme}://{free}` of `proxy_url` cannot be reached");
        stage
            .refused(&through(format!("{scheme}://{free}")), AWAY, &[&part])
            .await;
    }
    let login = Manners::Login("ci:s3cret-word".to_owned());
    let guarded = Proxy::start(stage.access.address(), login).await.unwrap();
    let address = guarded.address();
    stage
        .try_once(&through(format!("http://ci:s3cret-word@{address}")))
        .await
        .unwrap();
    for url in [format!("http://{address}"), format!("http://ci:wr0ng-word@{address}")] {
        let problem = stage.try_once(&through(url)).await.unwrap_err();
        assert!(
            problem.detail.contains("wants a user and a password"),
            "{}",
            problem.detail
        );
        assert!(!problem.detail.contains("wr0ng-word"), "{}", problem.detail);
    }
    stage
        .refused(
            &through(format!("socks5://ci:s3cret-word@{address}")),
            "Proxy cannot be used",
            &["work with HTTP proxies only"],
        )
        .await;
}
