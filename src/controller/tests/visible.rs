//! What a tenant writes reaches people's terminals without raw control characters.

use super::*;

/// Turns the screen off, moves the cursor, and turns the direction of what follows.
const RAW: [char; 4] = ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'];

fn raw(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || RAW.contains(&c))
}

#[tokio::test(start_paused = true)]
async fn control_characters_reach_neither_conditions_nor_events() {
    let mut rig = Rig::with(&plain("")).await;
    for c in RAW {
        let escaped = serde_json::to_string(&format!("a{c}[2J")).unwrap();
        let field = serde_json::to_string(&format!("deletionPolic{c}")).unwrap();
        for spec in [
            plain(&format!(r#""tags":{{{escaped}:"v"}}"#)),
            plain(&format!(r#""tags":{{"v":{escaped}}}"#)),
            plain(&format!(r"{escaped}:1")),
            plain(&format!(r#"{field}:"Retain""#)),
        ] {
            rig.apply("x", &spec);
            rig.seconds(5).await;
            assert_eq!(rig.ready("x").0, "InvalidSpec", "{spec}");
            assert!(!raw(&rig.ready("x").1), "{:?}", rig.ready("x").1);
        }
        rig.world.cluster.delete(&key("x"));
        rig.seconds(5).await;
        assert_eq!(rig.ready("x").0, "DeletionBlocked");
        assert!(!raw(&rig.ready("x").1), "{:?}", rig.ready("x").1);
        for told in rig.world.cluster.notices() {
            assert!(!raw(&told.notice.note), "{:?}", told.notice.note);
        }
        rig.stop().await;
        rig = Rig::with(&plain("")).await;
    }
}
