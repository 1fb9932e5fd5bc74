//! Deletion, and built-in kinds.

use kube::ResourceExt;
use kube::api::{
    Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions,
};
use serde_json::{Value, json};

use crate::{Outcome, World, answered, say, status, untyped};

async fn remove(step: &str, api: &Api<DynamicObject>, name: &str, params: DeleteParams) -> Outcome {
    let answer = api.delete(name, &params).await;
    answered(
        step,
        answer.map(|done| done.either(|held| json!(held), |gone| status(&gone))),
    )
}

async fn remove_all(
    step: &str,
    api: &Api<DynamicObject>,
    params: DeleteParams,
    which: &str,
) -> Outcome {
    let answer = api
        .delete_collection(&params, &ListParams::default().labels(which))
        .await;
    answered(
        step,
        answer.map(|done| done.either(|held| json!(held), |gone| status(&gone))),
    )?;
    let left = api.list(&ListParams::default()).await?;
    say(
        "left",
        left.items
            .iter()
            .map(|item| item.metadata.name.as_deref())
            .collect::<Vec<_>>(),
    );
    Ok(())
}

pub async fn deleted(world: &World) -> Outcome {
    let layers = &world.layers;
    for (name, tier) in [
        ("a", "x"),
        ("b", "x"),
        ("c", "y"),
        ("d", "y"),
        ("held", "z"),
    ] {
        let mut layer = world.layer(name, tier);
        layer.metadata.finalizers =
            (name == "held").then(|| vec!["test.lamina.dev/hold".to_owned()]);
        layers.create(&PostParams::default(), &layer).await?;
    }
    let only = |uid: Option<String>, resource_version: Option<String>| {
        DeleteParams::default().preconditions(Preconditions {
            uid,
            resource_version,
        })
    };
    let another = "00000000-0000-0000-0000-000000000000".to_owned();
    remove("is another", layers, "a", only(Some(another), None)).await?;
    remove("has changed", layers, "a", only(None, Some("1".to_owned()))).await?;
    let found = layers.get("a").await?.metadata;
    remove(
        "deletes",
        layers,
        "a",
        only(found.uid, found.resource_version),
    )
    .await?;
    remove("is gone", layers, "a", DeleteParams::default()).await?;
    remove(
        "waits for its finalizer",
        layers,
        "held",
        DeleteParams::default(),
    )
    .await?;
    let free = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    answered(
        "lets go",
        layers.patch("held", &PatchParams::default(), &free).await,
    )?;
    remove_all(
        "would delete all",
        layers,
        DeleteParams::default().dry_run(),
        "tier=y",
    )
    .await?;
    remove_all("deletes some", layers, DeleteParams::background(), "tier=y").await?;
    remove_all("deletes all", layers, DeleteParams::default(), "").await
}

/// Kinds of Kubernetes itself: what they are created with, and what is merged into that.
fn kinds() -> [(&'static str, &'static str, Value, Value); 3] {
    let lease = json!({ "holderIdentity": "me", "renewTime": "2026-01-02T03:04:05.000006Z" });
    let (text, bytes) = (json!({ "key": "value" }), json!({ "more": "AAE=" }));
    [
        (
            "",
            "ConfigMap",
            json!({ "data": text }),
            json!({ "binaryData": bytes }),
        ),
        (
            "",
            "Secret",
            json!({ "stringData": text }),
            json!({ "data": bytes }),
        ),
        (
            "coordination.k8s.io",
            "Lease",
            json!({ "spec": lease }),
            json!({ "spec": { "leaseDurationSeconds": 15 } }),
        ),
    ]
}

/// Built-in kinds, as objects without a type.
pub async fn built_in(world: &World) -> Outcome {
    let (none, by) = (PatchParams::default(), PatchParams::apply("first"));
    let strategy = Patch::Strategic(json!({ "metadata": { "labels": { "a": null, "c": "d" } } }));
    for (group, name, data, change) in kinds() {
        let (kind, api) = world.dynamic(group, name).await?;
        let mut object = DynamicObject::new("made", &kind).data(data);
        object.labels_mut().insert("a".to_owned(), "b".to_owned());
        let apply = Patch::Apply(&object);
        let created = api.create(&PostParams::default(), &object).await;
        answered(&format!("creates a {name}"), created)?;
        let again = api.create(&PostParams::default(), &object).await;
        answered("exists", again)?;
        let merge = Patch::Merge(&change);
        answered("merges", api.patch("made", &none, &merge).await)?;
        answered(
            "merges by strategy",
            api.patch("made", &none, &strategy).await,
        )?;
        answered("applies", api.patch("made", &by, &apply).await)?;
        let forced = api.patch("made", &by.clone().force(), &apply).await;
        answered("applies by force", forced)?;
        let only = ListParams::default().fields("metadata.name=made");
        say("lists", untyped(api.list(&only).await?));
        let now = DeleteParams::default().grace_period(0);
        remove("deletes", &api, "made", now).await?;
        answered("is gone", api.get("made").await)?;
    }
    Ok(())
}
