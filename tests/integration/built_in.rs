//! Identity providers that are built into IAM and have no ARN.

use serde_json::json;

use harness::world::World;

#[tokio::test]
async fn a_role_for_a_google_service_account_and_an_identity_pool_is_as_written() {
    let world = World::new("built-in").await;
    let google = json!({"name": "google", "oidc": {"issuer": "https://accounts.google.com",
        "audiences": ["112233445566778899001"], "subjects": ["112233445566778899001"],
        "claims": {"oaud": ["sts.amazonaws.com"]}}});
    let pool = json!({"name": "pool", "oidc": {"issuer": "https://cognito-identity.amazonaws.com",
        "audiences": ["eu-west-2:11111111-2222-3333-4444-555555555555"],
        "subjects": ["eu-west-2:*"], "claims": {"amr": ["authenticated"]}}});
    world.apply("x", &json!({"trust": [google, pool]}));
    world.wait_ready("x");
    let role = world.get_role(&world.role("x")).await.expect("the role");
    let trust = role.assume_role_policy_document().expect("a trust policy").to_owned();
    for name in ["accounts.google.com", "cognito-identity.amazonaws.com"] {
        assert!(trust.contains(name), "{trust}");
    }
    assert!(!trust.contains("oidc-provider"), "{trust}");
}
