"""What a script of an administrator does, with the Python client. Arguments: a kubeconfig and a namespace.
Each step prints one line of JSON."""

import json
import sys

from kubernetes import client, config, dynamic, watch

KUBECONFIG, NAMESPACE = sys.argv[1:]
KIND = {"group": "lamina.dev", "version": "v1alpha1", "plural": "applayers", "namespace": NAMESPACE}

config.load_kube_config(KUBECONFIG)
api = client.ApiClient()
core = client.CoreV1Api(api)
custom = client.CustomObjectsApi(api)


def say(step, result):
    result = api.sanitize_for_serialization(result)
    print(json.dumps({"step": step, "result": result}))


def refused(step, call, *args, **options):
    try:
        call(*args, **options)
    except client.ApiException as error:
        say(step, json.loads(error.body))
    else:
        raise AssertionError(step + " was not refused")


def layer(name):
    return {
        "apiVersion": "lamina.dev/v1alpha1",
        "kind": "AppLayer",
        "metadata": {"name": name, "labels": {"tier": "x"}},
        "spec": {
            "displayName": "first",
            "osLayer": {"name": "win11"},
            "packaging": {"connectorRef": {"name": "lab"}},
            "versions": [{"name": "1", "osVersion": "1"}],
        },
    }


def own_kind():
    made = custom.create_namespaced_custom_object(**KIND, body=layer("one"))
    say("creates", made)
    refused("exists", custom.create_namespaced_custom_object, **KIND, body=layer("one"))
    change = {"spec": {"displayName": "second"}}
    say("patches", custom.patch_namespaced_custom_object(**KIND, name="one", body=change))
    refused("conflicts", custom.replace_namespaced_custom_object, **KIND, name="one", body=made)
    status = {"status": {"observedGeneration": 2}}
    say("patches the status", custom.patch_namespaced_custom_object_status(**KIND, name="one", body=status))
    say("lists", custom.list_namespaced_custom_object(**KIND, label_selector="tier in (x)"))
    say("reads", custom.get_namespaced_custom_object(**KIND, name="one"))


def watched():
    seen = []
    start = custom.list_namespaced_custom_object(**KIND)["metadata"]["resourceVersion"]
    custom.create_namespaced_custom_object(**KIND, body=layer("two"))
    custom.delete_namespaced_custom_object(**KIND, name="two")
    watching = watch.Watch()
    stream = watching.stream(custom.list_namespaced_custom_object, **KIND, resource_version=start, timeout_seconds=20)
    for event in stream:
        seen.append([event["type"], event["object"]])
        if event["type"] == "DELETED":
            watching.stop()
    say("watches", seen)


def built_in():
    metadata = client.V1ObjectMeta(name="settings", labels={"a": "b"})
    body = client.V1ConfigMap(metadata=metadata, data={"key": "value"})
    say("creates a ConfigMap", core.create_namespaced_config_map(NAMESPACE, body))
    change = {"metadata": {"labels": {"a": None}}, "data": {"more": "text"}}
    say("patches it", core.patch_namespaced_config_map("settings", NAMESPACE, change))
    found = core.list_namespaced_config_map(NAMESPACE, field_selector="metadata.name=settings")
    say("lists it", [item.data for item in found.items])
    say("deletes it", core.delete_namespaced_config_map("settings", NAMESPACE))
    refused("is gone", core.read_namespaced_config_map, "settings", NAMESPACE)


def by_discovery():
    found = dynamic.DynamicClient(api).resources.get(api_version="lamina.dev/v1alpha1", kind="AppLayer")
    say("discovers", [found.name, found.namespaced, found.verbs, found.short_names])
    applied = found.server_side_apply(
        body=layer("one"), namespace=NAMESPACE, field_manager="python", force_conflicts=True
    )
    say("applies", applied.to_dict())


version = client.VersionApi(api).get_code()
say("version", [version.major, version.minor])
say("groups", "lamina.dev" in [group.name for group in client.ApisApi(api).get_api_versions().groups])
own_kind()
watched()
built_in()
by_discovery()
say("deletes", custom.delete_namespaced_custom_object(**KIND, name="one"))
