use super::*;
use crate::plan::tests::samples::{limits, resource};

#[test]
fn an_entry_is_small() {
    // Of 64-bit machines. What hangs on it by `Box` and `Arc` comes on top: about 400 bytes for
    // a role with six tags.
    assert_eq!(size_of::<Entry>(), 352);
    assert_eq!(size_of::<(Arc<ResourceKey>, Box<Entry>)>(), 16);
}

#[test]
fn what_was_compiled_is_not_compiled_again_but_another_spec_of_the_same_generation_is() {
    let mut index = Index::default();
    let (here, mut resource) = (limits(), resource(r#"{"trust":[]}"#));
    let apply = |index: &mut Index, resource: &Resource, limits: &Limits| {
        let digests = index.digester().of(resource);
        let known = index.known(resource, digests);
        let compiled = known.unwrap_or_else(|| Compiled::anew(resource, limits, digests));
        index.apply(resource, limits, compiled)
    };
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
