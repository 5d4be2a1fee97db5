//! Credentials that become those of another account while the controller runs: no role is made
//! there, and none is let go here.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_iam::primitives::{DateTime, DateTimeFormat};
use serde_json::json;

use harness::world::{SOON, World, lambda, whole};
use harness::{Cluster, Controller, SECRET, wait_until};

/// What Pod Identity gives a pod: credentials that end soon, of whom we choose.
fn credentials(key: &Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/", listener.local_addr().expect("an address"));
    let key = Arc::clone(key);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4_096]);
            // Asked for anew some seconds before they end.
            let end = std::time::SystemTime::now() + Duration::from_secs(16);
            let end = DateTime::from(end).fmt(DateTimeFormat::DateTime).expect("a date");
            let key = key.lock().expect("the key").clone();
            let body = json!({
                "AccessKeyId": key, "SecretAccessKey": SECRET, "Token": "token", "Expiration": end,
            })
            .to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    address
}

#[tokio::test]
async fn credentials_that_change_to_another_account_write_nothing_anywhere() {
    let mut world = World::quiet("account-ours").await;
    let other = Cluster::shared().scope("account-other");
    let key = Arc::new(Mutex::new(world.scope.account.controller_key.clone()));
    let mut config = world.scope.config(&World::args());
    // Empty is as good as not there.
    config.env.push(("AWS_ACCESS_KEY_ID".into(), String::new()));
    config.env.push(("AWS_SECRET_ACCESS_KEY".into(), String::new()));
    config.env.push(("AWS_CONTAINER_CREDENTIALS_FULL_URI".into(), credentials(&key)));
    let mut controller = Controller::start(&config);
    controller.wait_ready();
    world.controller = Some(controller);
    for name in ["kept", "deleted"] {
        world.apply(name, &whole());
        world.wait_ready(name);
    }
    let before = world.get_role(&world.role("deleted")).await.expect("the role");

    key.lock().expect("the key").clone_from(&other.account.controller_key);
    let page = |path: &str| world.controller.as_ref().expect("it runs").get(path).body;
    let series = format!("rolewright_other_account{{account=\"{}\"}} 1", world.scope.account.id);
    wait_until("the change to be seen", SOON, || {
        let metrics = page("/metrics");
        if metrics.contains(&series) { Ok(()) } else { Err(metrics) }
    });
    wait_until("readiness to tell of it", SOON, || {
        let ready = page("/readyz");
        if ready.contains(&other.account.id) { Ok(()) } else { Err(ready) }
    });
    world.clear();
    world.apply("new", &json!({"trust": [lambda()]}));
    world.apply("kept", &json!({"trust": [lambda()]}));
    world.delete("deleted");
    for name in ["new", "kept", "deleted"] {
        let message = world.wait_reason(name, "OtherAccount");
        assert!(message.contains(&other.account.id), "{message}");
    }
    let writes = |account| {
        let calls = world.scope.cluster.standin.writes(account);
        calls.into_iter().filter(|call| call.service == "iam").map(|call| call.action)
    };
    assert_eq!(writes(&other.account).collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(writes(&world.scope.account).collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(world.get_role(&world.role("deleted")).await, Some(before));

    key.lock().expect("the key").clone_from(&world.scope.account.controller_key);
    world.wait_gone("deleted");
    world.wait_ready("new");
    world.wait_ready("kept");
    assert!(world.get_role(&world.role("deleted")).await.is_none());
    let made = other.iam().list_roles().send().await.expect("the roles").roles;
    assert!(made.is_empty(), "{made:?}");
}
