use secrecy::ExposeSecret;

use super::*;

fn read(bytes: &[u8]) -> Result<Kubeconfig, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, bytes).unwrap();
    Kubeconfig::read(&path.display().to_string()).map_err(|unread| match unread {
        Unread::Unreadable(error) => error.to_string(),
        Unread::Invalid(reason) => reason,
    })
}

fn token(config: &Kubeconfig, user: &str) -> Option<String> {
    let token = config.user(user)?.token?;
    Some(token.expose_secret().to_owned())
}

#[test]
fn texts_that_look_like_numbers_stay_as_they_are_written() {
    let config = read(
        b"current-context: 2024\ncontexts:\n- {name: 2024, context: {cluster: 1e3, user: 007}}\n\
          clusters:\n- {name: 1e3, cluster: {server: https://example.com}}\nusers:\n- {name: 007, user: {token: 0123}}\n",
    )
    .unwrap();
    assert_eq!(config.current_context.as_deref(), Some("2024"));
    let context = config.context("2024").unwrap();
    assert_eq!(
        (context.cluster.as_str(), context.user.as_deref()),
        ("1e3", Some("007"))
    );
    assert!(config.cluster("1e3").is_some());
    assert_eq!(token(&config, "007").as_deref(), Some("0123"));
}

#[test]
fn several_documents_are_merged_and_the_first_counts() {
    let config = read(
        b"users: null\nclusters:\n---\nkind: Config\nusers:\n- {name: a, user: {token: one}}\n- {name: nobody}\n---\n\
          current-context: x\nusers:\n- {name: a, user: {token: two}}\n- {name: b, user: {token: three}}\n",
    )
    .unwrap();
    assert_eq!(config.users().collect::<Vec<_>>(), ["a", "nobody", "b"]);
    assert_eq!(token(&config, "a").as_deref(), Some("one"));
    assert_eq!(token(&config, "b").as_deref(), Some("three"));
    assert!(config.user("nobody").is_some_and(|user| user.token.is_none()));
    assert_eq!(config.current_context.as_deref(), Some("x"));
    assert!(read(b"").is_ok_and(|config| config.users().next().is_none()));
}

#[test]
fn files_of_windows_editors() {
    let text = "users: [{name: Jürgen, user: {token: t}}]\n";
    let units = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    for bytes in [
        [b"\xEF\xBB\xBF".as_slice(), text.as_bytes()].concat(),
        [vec![0xFF, 0xFE], units(u16::to_le_bytes)].concat(),
        [vec![0xFE, 0xFF], units(u16::to_be_bytes)].concat(),
    ] {
        assert_eq!(token(&read(&bytes).unwrap(), "Jürgen").as_deref(), Some("t"));
    }
    for bytes in [b"\xFF\xFEa".as_slice(), b"\xFF\xFE\x00\xD8", b"users: \xFF"] {
        assert_eq!(
            read(bytes).err().as_deref(),
            Some("it is not a text in UTF-8 or UTF-16")
        );
    }
}

#[test]
fn paths_are_relative_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let text = "clusters: [{name: c, cluster: {certificate-authority: ca.pem}}]\nusers:\n\
                - {name: a, user: {client-certificate: sub/c.pem, client-key: /k.pem, tokenFile: t, exec: {command: bin/login}}}\n\
                - {name: b, user: {exec: {command: aws, env: [{name: A, value: b}], interactiveMode: Never}}}\n";
    std::fs::write(&path, text).unwrap();
    let Ok(config) = Kubeconfig::read(&path.display().to_string()) else {
        panic!("no kubeconfig");
    };
    let here = |name: &str| Some(folder.path().join(name).display().to_string());
    assert_eq!(config.cluster("c").unwrap().certificate_authority, here("ca.pem"));
    let user = config.user("a").unwrap();
    assert_eq!(user.client_certificate, here("sub/c.pem"));
    assert_eq!(user.client_key.as_deref(), Some("/k.pem"));
    assert_eq!(user.token_file, here("t"));
    assert_eq!(user.exec.unwrap().command, here("bin/login"));
    let exec = config.user("b").unwrap().exec.unwrap();
    assert_eq!(exec.command.as_deref(), Some("aws"));
    assert_eq!(exec.interactive_mode, Some(ExecInteractiveMode::Never));
    let variable = &exec.env.unwrap()[0];
    assert_eq!((variable["name"].as_str(), variable["value"].as_str()), ("A", "b"));
}

#[test]
fn a_fault_is_named_without_the_lines_around_it() {
    let reason = read(b"users: [{name: a, user: {token: hidden}}]\ncontexts: 7\n")
        .err()
        .unwrap();
    assert!(!reason.contains("hidden") && !reason.contains('\n'), "{reason}");
}
