//! What kinds there are.

use kube::Discovery;
use kube::discovery::{ApiCapabilities, ApiResource, Scope};
use serde_json::{Value, json};

use crate::{Outcome, World, say};

fn described((kind, can): &(ApiResource, ApiCapabilities)) -> Value {
    json!({
        "of": [kind.group, kind.version, kind.api_version, kind.kind, kind.plural],
        "namespaced": can.scope == Scope::Namespaced,
        "operations": can.operations,
        "subresources": can.subresources.iter().map(described).collect::<Vec<_>>(),
    })
}

pub async fn discovered(world: &World) -> Outcome {
    let old = Discovery::new(world.client.clone())
        .filter(&["lamina.dev"])
        .run()
        .await?;
    let aggregated = Discovery::new(world.client.clone())
        .filter(&["lamina.dev"])
        .run_aggregated()
        .await?;
    for (step, found) in [("old", old), ("aggregated", aggregated)] {
        let group = found.get("lamina.dev").ok_or("the group is not there")?;
        let mut kinds: Vec<Value> = group
            .recommended_resources()
            .iter()
            .map(described)
            .collect();
        kinds.sort_by_key(Value::to_string);
        say(
            step,
            json!([
                group.versions().collect::<Vec<_>>(),
                group.preferred_version(),
                kinds
            ]),
        );
    }
    let version = world.client.apiserver_version().await?;
    say("version", [version.major, version.minor]);
    Ok(())
}
