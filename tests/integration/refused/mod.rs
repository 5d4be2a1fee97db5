//! Wrong input: each manifest of the table is refused, and AWS never hears of it: when it is
//! applied as people do, when it is posted raw with `fieldValidation=Ignore`, and where the
//! admission policies are missing.

mod cases;
mod core;
mod generated;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use cases::{By, Case, Place, all, base};
use harness::world::{FAST, SOON};
use harness::{Cluster, Controller, Scope, wait_until};

const BOUNDARY: &str = "arn:{partition}:iam::{accountId}:policy/boundary";
const ISSUER: &str = "https://oidc.example.org/id/1";
/// Not the default, so that a path can be outside of it.
const PATH_PREFIX: &str = "/teams/";
/// A resource without a mistake that only observes: it shows that the controller reads, and needs
/// no write.
const RIGHT: &str = "right";

#[test]
fn a_wrong_manifest_that_is_applied_is_refused() {
    let scope = Cluster::shared().scope("refused-apply");
    refuse_all(&scope, &["apply", "-f", "-"], &[By::Schema, By::Policy]);
}

#[test]
fn a_wrong_manifest_that_is_posted_without_field_validation_is_refused() {
    let scope = Cluster::shared().scope("refused-raw");
    refuse_all(&scope, &["create", "--validate=ignore", "-f", "-"], &[By::Schema, By::Policy]);
}

#[test]
fn a_wrong_manifest_is_refused_by_the_controller_where_the_admission_policies_are_missing() {
    let cluster = Cluster::start();
    let scope = cluster.scope("refused-bare");
    remove_admission_policies(&scope);
    refuse_all(&scope, &["create", "--validate=ignore", "-f", "-"], &[By::Schema]);
}

#[test]
fn the_samples_and_the_longest_grants_are_accepted() {
    let scope = Cluster::shared().scope("accepted");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/samples");
    let mut specs = vec![("longest".to_owned(), longest())];
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let roles = rolewright::yaml::documents::<Value>(&text).unwrap();
        let roles = roles.into_iter().filter(|role| role["kind"] == "IAMRole");
        specs.extend(roles.map(|role| {
            (role["metadata"]["name"].as_str().unwrap().to_owned(), role["spec"].clone())
        }));
    }
    assert!(specs.len() >= 12, "{} specs", specs.len());
    for (name, spec) in specs {
        let manifest = manifest(&scope, &name, &spec).to_string();
        scope.kubectl_with(&["create", "--dry-run=server", "-f", "-"], &manifest).ok();
    }
}

/// As many grants and values as the schema takes: the API server stops rules that cost too much
/// when they run, too.
fn longest() -> Value {
    let many = |length: usize| (0..50).map(|n| format!("{n:x<length$}")).collect::<Vec<_>>();
    let refs: Vec<String> =
        many(230).into_iter().map(|name| format!("refs/heads/{name}")).collect();
    let grant = |n: usize| match n % 3 {
        0 => json!({"name": format!("g{n}"), "oidc": {
            "issuer": "https://oidc.example.org", "audiences": many(255), "subjects": many(1024),
        }}),
        1 => {
            json!({"name": format!("g{n}"), "gitlab": {"project": "g/p", "branches": many(255),
                "tags": many(255)}})
        }
        _ => json!({"name": format!("g{n}"), "githubActions": {
            "owner": "o", "repository": "r", "refs": refs, "environments": many(255),
        }}),
    };
    json!({"trust": (0..30).map(grant).collect::<Vec<_>>()})
}

fn remove_admission_policies(scope: &Scope<'_>) {
    let kinds = "validatingadmissionpolicybindings,validatingadmissionpolicies";
    scope.kubectl(&["delete", kinds, "--all"]).ok();
    let misspelt =
        manifest(scope, "probe", &json!({"trust": base()["trust"], "misspelt": true})).to_string();
    wait_until("the API server to forget the policies", SOON, || {
        let answer = scope.kubectl_with(
            &["create", "--validate=ignore", "--dry-run=server", "-f", "-"],
            &misspelt,
        );
        if answer.status.success() { Ok(()) } else { Err(answer.stderr) }
    });
}

/// Posts every case at once; those that the API server is to refuse must be refused by it, the
/// others by the controller.
#[expect(clippy::print_stdout, reason = "the number of refused manifests belongs into the report")]
fn refuse_all(scope: &Scope<'_>, post: &[&str], admission: &[By]) {
    let place = Place {
        namespace: scope.namespace.clone(),
        prefix: format!("{}-", scope.installation),
        account: scope.account.id.clone(),
    };
    let cases = all(&place);
    assert!(cases.len() >= 75, "{} cases", cases.len());
    scope.bind_in_namespace("rolewright");
    let controller = start(scope);

    let mut right = base();
    right["driftPolicy"] = json!("Observe");
    let manifests: Vec<Value> =
        cases.iter().map(|(name, case)| manifest(scope, name, &case.spec())).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": manifests});
    let answer = scope.kubectl_with(post, &list.to_string());
    scope.kubectl_with(post, &manifest(scope, RIGHT, &right).to_string()).ok();
    let answers = by_name(&answer.stderr, &cases);

    let (early, late): (Vec<_>, Vec<_>) =
        cases.iter().partition(|(_, case)| admission.contains(&case.by));
    let stored = settled(scope);
    let mut wrong = Vec::new();
    for (name, case) in &early {
        let answer = answers.get(name.as_str()).map_or("", String::as_str);
        if stored.contains_key(name) || !case.api.iter().all(|part| answer.contains(part.as_str()))
        {
            wrong.push(format!(
                "{name} {}: wanted {:?} from the API server, not {answer:?}",
                case.title, case.api
            ));
        }
    }
    for (name, case) in &late {
        let resource = stored.get(name).unwrap_or(&Value::Null);
        if !refused(resource, case) {
            let answer = answers.get(name.as_str()).map_or("", String::as_str);
            let (field, remedy) = (&case.field, &case.remedy);
            let status = &resource["status"];
            wrong.push(format!(
                "{name} {}: wanted {field}: … {remedy}, not {status} {answer}",
                case.title
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));

    let (ready, _) = conditions(&stored[RIGHT]);
    assert_eq!(ready["reason"], "WouldChange", "the spec under all cases has no mistake: {ready}");
    assert_eq!(stored.len(), late.len() + 1, "nothing else is stored");
    for (name, resource) in &stored {
        assert!(resource["metadata"]["finalizers"].is_null(), "{name} can be deleted at once");
    }
    drop(controller);
    let writes = scope.cluster.standin.writes(&scope.account);
    assert!(writes.is_empty(), "{writes:?}");
    println!(
        "refused with kubectl {}: {} manifests, {} by the API server and {} by the controller; AWS \
         writes: 0",
        post.join(" "),
        cases.len(),
        early.len(),
        late.len()
    );
}

fn start(scope: &Scope<'_>) -> Controller {
    let mut args = vec![
        "--permissions-boundary",
        BOUNDARY,
        "--oidc-issuer",
        ISSUER,
        "--path-prefix",
        PATH_PREFIX,
    ];
    args.extend(FAST);
    let mut controller = scope.controller(&args);
    controller.wait_ready();
    controller
}

fn manifest(scope: &Scope<'_>, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "iam.rolewright.dev/v1alpha1",
        "kind": "IAMRole",
        "metadata": {"name": name, "namespace": scope.namespace},
        "spec": spec,
    })
}

/// What kubectl said of each resource. A message begins in the line that has its name, and may have
/// more lines.
fn by_name(stderr: &str, cases: &[(String, Case)]) -> BTreeMap<String, String> {
    let mut answers = BTreeMap::<String, String>::new();
    let mut current = None;
    for line in stderr.lines() {
        current = cases
            .iter()
            .map(|(name, _)| name)
            .find(|name| line.contains(&format!("\"{name}\"")))
            .or(current);
        if let Some(name) = current {
            let answer = answers.entry(name.clone()).or_default();
            answer.push_str(line);
            answer.push('\n');
        }
    }
    answers
}

/// The resources by name, once the controller has judged each in its present form.
fn settled(scope: &Scope<'_>) -> BTreeMap<String, Value> {
    let resources = || -> BTreeMap<String, Value> {
        let list = scope.kubectl(&["get", "iamroles", "-o", "json"]).json();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items
            .into_iter()
            .map(|item| (item["metadata"]["name"].as_str().unwrap_or_default().to_owned(), item))
            .collect()
    };
    let spoken = |resource: &Value| {
        let (ready, _) = conditions(resource);
        let generation = &resource["metadata"]["generation"];
        ready["observedGeneration"] == *generation && ready["reason"] != "Progressing"
    };
    wait_until("the controller to judge every resource", Duration::from_secs(40), || {
        let stored = resources();
        let waiting: Vec<&String> =
            stored.iter().filter(|(_, resource)| !spoken(resource)).map(|(name, _)| name).collect();
        if waiting.is_empty() {
            Ok(stored)
        } else {
            Err(format!("{waiting:?} of {} are not judged", stored.len()))
        }
    })
}

/// `Ready` and `Stalled`.
fn conditions(resource: &Value) -> (Value, Value) {
    let of = |wanted: &str| {
        let conditions = resource["status"]["conditions"].as_array().into_iter().flatten();
        conditions
            .into_iter()
            .find(|condition| condition["type"] == wanted)
            .cloned()
            .unwrap_or_default()
    };
    (of("Ready"), of("Stalled"))
}

fn refused(resource: &Value, case: &Case) -> bool {
    let (ready, stalled) = conditions(resource);
    let message = ready["message"].as_str().unwrap_or_default();
    ready["status"] == "False"
        && ready["reason"] == "InvalidSpec"
        && stalled["status"] == "True"
        && stalled["reason"] == "InvalidSpec"
        && message.contains(&format!("{}: ", case.field))
        && message.contains(&case.remedy)
}
