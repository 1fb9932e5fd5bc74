//! What changes objects of a kind of ours.

use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::{Outcome, World, answered, say};

/// Reads a list in pages.
async fn pages(api: &Api<DynamicObject>, limit: u32) -> Outcome<Vec<Value>> {
    let mut found = Vec::new();
    let mut params = ListParams::default().limit(limit);
    loop {
        let page = api.list(&params).await?;
        params.continue_token = page
            .metadata
            .continue_
            .clone()
            .filter(|token| !token.is_empty());
        found.push(json!(page));
        if params.continue_token.is_none() {
            return Ok(found);
        }
    }
}

pub async fn own_kind(world: &World) -> Outcome {
    let (layers, create) = (&world.layers, PostParams::default());
    let dry = PostParams {
        dry_run: true,
        field_manager: Some("me".to_owned()),
    };
    answered(
        "would create",
        layers.create(&dry, &world.layer("one", "x")).await,
    )?;
    answered("is not there", layers.get("one").await)?;
    let mut made = layers.create(&create, &world.layer("one", "x")).await?;
    say("creates", &made);
    answered(
        "exists",
        layers.create(&create, &world.layer("one", "x")).await,
    )?;
    answered(
        "is not valid",
        layers.create(&create, &world.layer("Bad_Name", "x")).await,
    )?;
    let wrong = world
        .layer("wrong", "x")
        .data(json!({ "spec": { "displayName": 1 } }));
    answered("is not of the schema", layers.create(&create, &wrong).await)?;
    let change = Patch::Merge(
        json!({ "spec": { "displayName": "second" }, "metadata": { "labels": { "a": "b" } } }),
    );
    answered(
        "patches",
        layers.patch("one", &PatchParams::default(), &change).await,
    )?;
    answered("conflicts", layers.replace("one", &create, &made).await)?;
    made.metadata.resource_version = layers.get_metadata("one").await?.metadata.resource_version;
    answered("replaces", layers.replace("one", &create, &made).await)?;
    let told = Patch::Merge(
        json!({ "status": { "observedGeneration": 2 }, "spec": { "displayName": "no" } }),
    );
    answered(
        "patches the status",
        layers
            .patch_status("one", &PatchParams::default(), &told)
            .await,
    )?;
    answered(
        "has no strategy",
        layers
            .patch("one", &PatchParams::default(), &Patch::Strategic(json!({})))
            .await,
    )?;
    answered("reads the metadata", layers.get_metadata("one").await)?;
    for name in ["two", "three", "four", "five"] {
        layers.create(&create, &world.layer(name, "y")).await?;
    }
    say("pages", pages(layers, 2).await?);
    answered(
        "selects",
        layers
            .list(&ListParams::default().labels("tier in (x)"))
            .await,
    )?;
    answered(
        "lists the metadata",
        layers.list_metadata(&ListParams::default()).await,
    )?;
    answered(
        "selects by no field",
        layers
            .list(&ListParams::default().fields("spec.none=1"))
            .await,
    )?;
    Ok(())
}

/// Server-side apply of two managers: a conflict, force, and taking back.
pub async fn applied(world: &World) -> Outcome {
    let put = async |step: &str, layer: DynamicObject, params: PatchParams| {
        answered(
            step,
            world
                .layers
                .patch("one", &params, &Patch::Apply(layer))
                .await,
        )
    };
    let (first, second) = (PatchParams::apply("first"), PatchParams::apply("second"));
    put("creates", world.layer("one", "a"), first.clone()).await?;
    put("conflicts", world.layer("one", "b"), second.clone()).await?;
    put(
        "would force",
        world.layer("one", "b"),
        second.clone().force().dry_run(),
    )
    .await?;
    put("forces", world.layer("one", "b"), second.clone().force()).await?;
    put("lost it", world.layer("one", "a"), first).await?;
    let mut less = world.layer("one", "b");
    less.metadata.labels = None;
    put("takes back", less, second.clone().force()).await?;
    let mut unknown = world.layer("one", "b");
    unknown.data["spec"]["unknown"] = json!(true);
    put("is strict", unknown, second.validation_strict()).await?;
    let told = DynamicObject::new("one", &world.kind)
        .data(json!({ "status": { "observedGeneration": 1 } }));
    let by = PatchParams::apply("status");
    answered(
        "applies the status",
        world
            .layers
            .patch_status("one", &by, &Patch::Apply(told))
            .await,
    )
}
