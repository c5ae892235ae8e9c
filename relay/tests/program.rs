//! The relay as an operator runs it.

#![cfg(unix)]

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
};

fn relay(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_abraham-relay"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn each_stop_signal_ends_it_with_success_and_the_log_is_one_json_object_a_line() {
    for signal in ["TERM", "INT"] {
        let mut child = relay(&[
            "--listen",
            "127.0.0.1:0",
            "--p2p-listen",
            "/ip4/127.0.0.1/tcp/0/ws",
            "--log-format",
            "json",
        ]);
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let listening = loop {
            let line: serde_json::Value = serde_json::from_str(&log.next().unwrap().unwrap()).unwrap();
            if line["fields"]["address"].is_string() {
                break line;
            }
        };
        assert!(
            listening["fields"]["message"].as_str().unwrap().starts_with("listening on http://127.0.0.1:")
        );
        let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(status.success());
        let rest: Vec<serde_json::Value> =
            log.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        assert_eq!(rest.last().unwrap()["fields"]["message"], "stopped");
        assert!(child.wait().unwrap().success(), "after {signal}");
    }
}

#[test]
fn help_names_every_option_and_a_wrong_address_is_explained() {
    let mut help = String::new();
    let mut child = relay(&["--help"]);
    child.stdout.take().unwrap().read_to_string(&mut help).unwrap();
    assert!(child.wait().unwrap().success());
    for option in [
        "--listen",
        "--assets",
        "--workers",
        "--p2p-listen",
        "--webrtc-direct-listen",
        "--webrtc-certificate",
        "--identity",
        "--external",
        "--bootstrap",
        "--trusted-proxy",
        "--proxy-protocol",
        "--ice-server",
        "--metrics-listen",
        "--max-visitors",
        "--max-per-address",
        "--max-memory",
        "--log-format",
        "--log",
        "ABRAHAM_LISTEN",
        "ABRAHAM_EXTERNAL",
    ] {
        assert!(help.contains(option), "{option} is not in --help");
    }
    for (arguments, named) in [
        (&["--listen", "somewhere"][..], "somewhere"),
        (&["--trusted-proxy", "proxy.example"], "10.0.0.0/8"),
        (&["--proxy-protocol"], "--trusted-proxy"),
        (&["--ice-server", "turn:turn.example"], "CREDENTIAL"),
        (&["--bootstrap", "/ip4/192.0.2.1/tcp/4001/ws"], "/p2p/"),
        (&["--p2p-listen", "/dns4/art.example/tcp/4001/ws"], "/ip4/ADDRESS/tcp/PORT/ws"),
        (&["--external", "wss://art.example"], "wss://art.example"),
        (&["--identity", "/nowhere/at/all"], "/nowhere/at/all"),
        (&["--p2p-listen", "/ip4/192.0.2.1/tcp/4001/ws"], "--p2p-listen"),
        (&["--log", "a=b=c"], "--log"),
    ] {
        let mut reason = String::new();
        let mut child = relay(arguments);
        child.stderr.take().unwrap().read_to_string(&mut reason).unwrap();
        assert!(!child.wait().unwrap().success(), "{arguments:?}");
        assert!(reason.contains(named), "{arguments:?}: {reason}");
        assert!(!reason.contains("panicked"), "{arguments:?}: {reason}");
    }
}
