use super::*;
use crate::plan::tests::samples::{limits, resource, with};

#[test]
fn an_entry_is_small() {
    // Of 64-bit machines. What hangs on it by `Box` and `Arc` comes on top: about 400 bytes for
    // a role with six tags.
    assert_eq!(size_of::<Entry>(), 360);
    assert_eq!(size_of::<(Arc<ResourceKey>, Box<Entry>)>(), 16);
}

fn apply(index: &mut Index, resource: &Resource, limits: &Limits) -> bool {
    let digests = index.digester().of(resource);
    let known = index.known(resource, digests);
    let compiled = known.unwrap_or_else(|| Compiled::anew(resource, limits, digests));
    index.apply(resource, limits, compiled)
}

#[test]
fn of_two_that_were_made_in_the_same_second_the_first_has_the_name() {
    let spec = with(r#""roleName":"test-a_shared""#);
    for uids in [["1", "2"], ["2", "1"]] {
        let mut index = Index::default();
        let [mut first, mut second] = uids.map(|uid| {
            let mut resource = resource(&spec);
            resource.uid = uid.into();
            resource.key.name = format!("x-{uid}");
            resource
        });
        (first.version, second.version) = (1, 2);
        apply(&mut index, &second, &limits());
        apply(&mut index, &first, &limits());
        // What is written to the first one makes it no later.
        first.version = 3;
        apply(&mut index, &first, &limits());
        assert_eq!(index.rival(&first.key), None, "{uids:?}");
        assert_eq!(index.rival(&second.key), Some(first.key.clone()), "{uids:?}");
        let mut places = index.places(&first.key.namespace, |_| false);
        places.sort_unstable();
        assert_eq!(places[0].key, first.key, "{uids:?}");
        // After a restart the one that has the role is still the first, whatever was written since.
        first.status.role_id = Some("AROAFIRST".to_owned());
        let mut index = Index::default();
        apply(&mut index, &second, &limits());
        apply(&mut index, &first, &limits());
        assert_eq!(index.rival(&first.key), None, "{uids:?}");
        assert_eq!(index.rival(&second.key), Some(first.key), "{uids:?}");
    }
}

#[test]
fn what_was_compiled_is_not_compiled_again_but_another_spec_of_the_same_generation_is() {
    let mut index = Index::default();
    let (here, mut resource) = (limits(), resource(r#"{"trust":[]}"#));
    apply(&mut index, &resource, &here);
    let role = |index: &Index, resource: &Resource| {
        index.get(&resource.key).unwrap().role.name.to_string()
    };
    let first = role(&index, &resource);
    // Who compiled it again would find another name.
    let there = Limits { role_name_prefix: "other-".into(), ..here.clone() };
    resource.version += 1;
    apply(&mut index, &resource, &there);
    assert_eq!(role(&index, &resource), first);
    assert_eq!(index.get(&resource.key).unwrap().version, resource.version);
    resource.spec = r#"{"trust":[],"tags":{}}"#.into();
    assert!(apply(&mut index, &resource, &there), "it is another request");
    assert_ne!(role(&index, &resource), first);
}
