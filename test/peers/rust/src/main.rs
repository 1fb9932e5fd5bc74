//! What controllers in Rust do, with kube-rs. Arguments: a script, a kubeconfig and a namespace.
//! Each step prints one line of JSON.

mod discover;
mod observe;
mod remove;
mod write;

use std::env;

use kube::api::{Api, ApiResource, DynamicObject, ObjectList};
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{GroupVersionKind, Status};
use kube::{Client, Config, Result, discovery};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::util::MapRequestLayer;

pub type Outcome<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// One of the two servers, as a script finds it.
pub struct World {
    pub client: Client,
    pub namespace: String,
    pub kind: ApiResource,
    pub layers: Api<DynamicObject>,
    /// How many watches have begun.
    pub watches: watch::Receiver<usize>,
}

impl World {
    async fn open(kubeconfig: &str, namespace: &str) -> Outcome<Self> {
        let read = Kubeconfig::read_from(kubeconfig)?;
        let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?;
        let (begun, watches) = watch::channel(0);
        let counted = MapRequestLayer::new(move |request: http::Request<kube::client::Body>| {
            if request
                .uri()
                .query()
                .is_some_and(|query| query.contains("watch=true"))
            {
                begun.send_modify(|count| *count += 1);
            }
            request
        });
        let client = ClientBuilder::try_from(config)?
            .with_layer(&counted)
            .build();
        let gvk = GroupVersionKind::gvk("lamina.dev", "v1alpha1", "AppLayer");
        let (kind, _) = discovery::pinned_kind(&client, &gvk).await?;
        let layers = Api::namespaced_with(client.clone(), namespace, &kind);
        Ok(Self {
            client,
            namespace: namespace.to_owned(),
            kind,
            layers,
            watches,
        })
    }

    /// A kind of Kubernetes, of version v1 of its group.
    pub async fn dynamic(
        &self,
        group: &str,
        kind: &str,
    ) -> Outcome<(ApiResource, Api<DynamicObject>)> {
        let gvk = GroupVersionKind::gvk(group, "v1", kind);
        let (kind, _) = discovery::pinned_kind(&self.client, &gvk).await?;
        let api = Api::namespaced_with(self.client.clone(), &self.namespace, &kind);
        Ok((kind, api))
    }

    pub fn layer(&self, name: &str, text: &str) -> DynamicObject {
        let mut layer = DynamicObject::new(name, &self.kind).data(json!({ "spec": {
            "displayName": text,
            "osLayer": { "name": "win11" },
            "packaging": { "connectorRef": { "name": "lab" } },
            "versions": [{ "name": "1", "osVersion": "1" }],
        }}));
        layer.metadata.labels = Some([("tier".to_owned(), text.to_owned())].into());
        layer
    }
}

pub fn say(step: &str, result: impl Serialize) {
    println!("{}", json!({ "step": step, "result": result }));
}

/// The objects of a list: of built-in kinds, one server says in each what it is, and the other does not.
pub fn untyped(list: ObjectList<DynamicObject>) -> Vec<DynamicObject> {
    let mut items = list.items;
    items.iter_mut().for_each(|item| item.types = None);
    items
}

/// kube-rs keeps all of a Status but its kind.
pub fn status(status: &Status) -> Value {
    let mut told = json!(status);
    told["kind"] = json!("Status");
    told
}

/// Says what a server answered, be it that it refused.
pub fn answered<T: Serialize>(step: &str, answer: Result<T>) -> Outcome {
    match answer {
        Ok(found) => say(step, found),
        Err(kube::Error::Api(refusal)) => say(step, status(&refusal)),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [script, kubeconfig, namespace] = arguments.as_slice() else {
        return Err("arguments: a script, a kubeconfig and a namespace".into());
    };
    let world = World::open(kubeconfig, namespace).await?;
    match script.as_str() {
        "discovery" => discover::discovered(&world).await,
        "own" => write::own_kind(&world).await,
        "apply" => write::applied(&world).await,
        "delete" => remove::deleted(&world).await,
        "kinds" => remove::built_in(&world).await,
        "watcher" => observe::watched(&world).await,
        "reflector" => observe::reflected(&world).await,
        "events" => observe::recorded(&world).await,
        _ => Err(format!("no script {script}").into()),
    }
}
