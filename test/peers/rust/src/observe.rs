//! Watchers, the reflector and the recorder of events.

use std::pin::pin;

use futures_util::{Stream, StreamExt};
use kube::api::{
    Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchEvent,
    WatchParams,
};
use kube::runtime::events::{Event as Happening, EventType, Recorder, Reporter};
use kube::runtime::reflector::{self, store::Writer};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use crate::{Outcome, World, say, untyped};

type Told = Result<Event<DynamicObject>, watcher::Error>;

fn plain(event: Event<DynamicObject>) -> Value {
    match event {
        Event::Init => json!("begins"),
        Event::InitApply(object) => json!(["has", object]),
        Event::InitDone => json!("is complete"),
        Event::Apply(object) => json!(["applied", object]),
        Event::Delete(object) => json!(["deleted", object]),
    }
}

/// The next that a watcher tells.
async fn next(stream: &mut (impl Stream<Item = Told> + Unpin)) -> Outcome<Event<DynamicObject>> {
    Ok(stream.next().await.ok_or("the watcher ended")??)
}

/// What a watcher tells at first.
async fn initial(stream: &mut (impl Stream<Item = Told> + Unpin)) -> Outcome<Vec<Value>> {
    let mut seen = Vec::new();
    loop {
        let event = next(stream).await?;
        let is_done = matches!(event, Event::InitDone);
        seen.push(plain(event));
        if is_done {
            return Ok(seen);
        }
    }
}

/// Polls a watcher, which has nothing to tell, until its first watch, which begins now, has ended and another begun.
async fn restarts(world: &World, stream: &mut (impl Stream<Item = Told> + Unpin)) -> Outcome {
    let mut watches = world.watches.clone();
    let wanted = *watches.borrow() + 2;
    tokio::select! {
        event = next(stream) => Err(format!("tells of a restart: {}", plain(event?)).into()),
        reached = watches.wait_for(|count| *count >= wanted) => Ok(drop(reached?)),
    }
}

/// Changes objects, and says what the watcher tells of each change.
async fn changes(world: &World, stream: &mut (impl Stream<Item = Told> + Unpin)) -> Outcome {
    let layers = &world.layers;
    let change = Patch::Merge(json!({ "spec": { "displayName": "changed" } }));
    layers.patch("b", &PatchParams::default(), &change).await?;
    say("a patch", plain(next(stream).await?));
    layers
        .create(&PostParams::default(), &world.layer("d", "x"))
        .await?;
    say("a creation", plain(next(stream).await?));
    layers.delete("a", &DeleteParams::default()).await?;
    say("a deletion", plain(next(stream).await?));
    // To a watcher that selects, what leaves the selection is deleted.
    let leave = Patch::Merge(json!({ "metadata": { "labels": { "tier": "y" } } }));
    layers.patch("c", &PatchParams::default(), &leave).await?;
    say("a leaving", plain(next(stream).await?));
    Ok(())
}

async fn made(world: &World) -> Outcome {
    for name in ["a", "b", "c"] {
        world
            .layers
            .create(&PostParams::default(), &world.layer(name, "x"))
            .await?;
    }
    Ok(())
}

pub async fn watched(world: &World) -> Outcome {
    made(world).await?;
    let start = world.layers.list(&ListParams::default()).await?;
    let config = watcher::Config::default()
        .labels("tier=x")
        .page_size(2)
        .timeout(1);
    let mut stream = pin!(watcher(world.layers.clone(), config));
    say("lists in pages", initial(&mut stream).await?);
    restarts(world, &mut stream).await?;
    changes(world, &mut stream).await?;
    let streaming = watcher::Config::default().streaming_lists();
    let mut stream = pin!(watcher(world.layers.clone(), streaming));
    let mut seen = initial(&mut stream).await?;
    seen.sort_by_key(|told| told[1]["metadata"]["name"].to_string());
    say("lists by a watch", seen);
    say(
        "from a revision",
        since(&world.layers, start.metadata.resource_version).await?,
    );
    Ok(())
}

/// What a bare watch tells of after a revision, up to the first deletion.
async fn since(layers: &Api<DynamicObject>, revision: Option<String>) -> Outcome<Vec<Value>> {
    let revision = revision.ok_or("the list has no revision")?;
    let mut seen = Vec::new();
    let mut stream = pin!(
        layers
            .watch(&WatchParams::default().timeout(60), &revision)
            .await?
    );
    while let Some(event) = stream.next().await {
        match event? {
            WatchEvent::Added(object) => seen.push(json!(["added", object])),
            WatchEvent::Modified(object) => seen.push(json!(["modified", object])),
            WatchEvent::Deleted(object) => {
                seen.push(json!(["deleted", object]));
                break;
            }
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(error) => return Err(error.into()),
        }
    }
    Ok(seen)
}

pub async fn reflected(world: &World) -> Outcome {
    made(world).await?;
    let writer = Writer::new(world.kind.clone());
    let store = writer.as_reader();
    let config = watcher::Config::default().timeout(1);
    let mut stream = pin!(reflector::reflector(
        writer,
        watcher(world.layers.clone(), config)
    ));
    initial(&mut stream).await?;
    restarts(world, &mut stream).await?;
    changes(world, &mut stream).await?;
    let mut kept: Vec<DynamicObject> = store
        .state()
        .iter()
        .map(|object| (**object).clone())
        .collect();
    kept.sort_by_key(ResourceExt::name_any);
    let listed = world.layers.list(&ListParams::default()).await?.items;
    say("keeps what a list has", kept == listed);
    say("keeps", kept);
    Ok(())
}

pub async fn recorded(world: &World) -> Outcome {
    let layer = world
        .layers
        .create(&PostParams::default(), &world.layer("one", "x"))
        .await?;
    let reporter = Reporter {
        controller: "lamina.dev/test".to_owned(),
        instance: Some("test-1".to_owned()),
    };
    let recorder = Recorder::new(world.client.clone(), reporter);
    let mut happening = Happening {
        type_: EventType::Normal,
        reason: "Built".to_owned(),
        note: Some("the layer was built".to_owned()),
        action: "Build".to_owned(),
        secondary: None,
    };
    let regarding = layer.object_ref(&world.kind);
    for _ in 0..3 {
        recorder.publish(&happening, &regarding).await?;
    }
    happening.type_ = EventType::Warning;
    happening.secondary = Some(regarding.clone());
    recorder.publish(&happening, &regarding).await?;
    for group in ["events.k8s.io", ""] {
        let (_, api) = world.dynamic(group, "Event").await?;
        let mut events = untyped(api.list(&ListParams::default()).await?);
        events.iter_mut().for_each(compared);
        say(&format!("events of {group}"), events);
    }
    Ok(())
}

/// Leaves out of an event in which the servers differ on purpose, and the time with which the recorder ends names.
fn compared(event: &mut DynamicObject) {
    let name = event.name_any();
    event.metadata.name = name.rsplit_once('.').map(|(name, _)| name.to_owned());
    event.metadata.managed_fields = None;
    if let Some(fields) = event.data.as_object_mut() {
        fields.retain(|_, value| !value.is_null() && *value != json!({}));
    }
}
