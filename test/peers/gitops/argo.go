package main

import (
	"context"
	"sort"
	"time"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/cache"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/diff"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/engine"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const mark = "example.com/application"

// argo does with an Application what its controller does: cache the cluster, compare, sync, prune.
func argo(w world) {
	cluster := cache.NewClusterCache(w.config,
		cache.SetNamespaces([]string{w.namespace}), cache.SetClusterResources(true), cache.SetLogr(logr.Discard()),
		cache.SetPopulateResourceInfoHandler(func(object *unstructured.Unstructured, _ bool) (any, bool) {
			managed := object.GetAnnotations()[mark] != ""
			return managed, managed
		}))
	engine := engine.NewEngine(w.config, cluster, engine.WithLogr(logr.Discard()))
	stop := must(engine.Run())
	defer stop()
	w.known(cluster)

	run := func(step string, options []sync.SyncOpt, set ...*unstructured.Unstructured) {
		for _, object := range set {
			object.SetAnnotations(map[string]string{mark: "apps"})
		}
		managed := func(found *cache.Resource) bool { return found.Info == true }
		options = append(options, sync.WithLogr(logr.Discard()), sync.WithPrune(true))
		results, err := engine.Sync(w, set, managed, "revision", w.namespace, options...)
		told := map[string]any{}
		for _, result := range results {
			told[result.ResourceKey.String()] = []any{result.Status, result.Message, result.HookPhase}
		}
		say(step, told, err)
		w.settled(cluster, len(set))
	}
	run("sync", nil, w.settings("a", "first"), w.layer("browser", "first"), w.layer("office", "first"))
	run("sync again", nil, w.settings("a", "first"), w.layer("browser", "first"), w.layer("office", "first"))
	server := []sync.SyncOpt{sync.WithServerSideApply(true), sync.WithServerSideApplyManager("argocd")}
	run("sync on the server's side", server, w.settings("a", "second"), w.layer("browser", "second"), w.layer("office", "first"))
	w.compared(cluster)
	run("prune", server, w.settings("a", "second"), w.layer("browser", "second"))
	run("what breaks rules", nil, w.settings("a", "second"), w.layer("browser", "second"), w.settings("A_b", ""))
	run("what is not served", nil, w.settings("a", "second"), w.layer("browser", "second"), w.object("example.com/v1", "Widget", "a", map[string]any{}))
}

// known tells what the cache learned of the cluster before anything was synced.
func (w world) known(cluster cache.ClusterCache) {
	definitions := map[string]bool{}
	for _, crd := range w.crds {
		kind := crd.Object["spec"].(map[string]any)["names"].(map[string]any)["kind"].(string)
		gvk := w.layer("", "").GroupVersionKind()
		gvk.Kind = kind
		definitions[kind] = cluster.GetOpenAPISchema().LookupResource(gvk) != nil && cluster.GetGVKParser().Type(gvk) != nil
	}
	say("schemas", definitions, nil)
	var crds []string
	for key := range cluster.FindResources("") {
		if key.Kind == "CustomResourceDefinition" {
			crds = append(crds, key.Name)
		}
	}
	sort.Strings(crds)
	say("definitions of kinds", crds, nil)
}

// settled waits until the cache has seen what the server has.
func (w world) settled(cluster cache.ClusterCache, most int) {
	managed := func(found *cache.Resource) bool { return found.Info == true }
	check(wait.PollUntilContextTimeout(w, 20*time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) {
		return len(cluster.FindResources(w.namespace, managed)) <= most, nil
	}))
}

// compared looks for differences in each of the ways that Argo CD has.
func (w world) compared(cluster cache.ClusterCache) {
	for _, text := range []string{"second", "third"} {
		wanted := w.layer("browser", text)
		wanted.SetAnnotations(map[string]string{mark: "apps"})
		live := w.layer("browser", "")
		check(w.client.Get(w, client.ObjectKeyFromObject(live), live))
		plain := must(diff.Diff(wanted, live, diff.WithLogr(logr.Discard())))
		say("difference "+text, plain.Modified, nil)
		merged := must(diff.StructuredMergeDiff(wanted, live, cluster.GetGVKParser(), "argocd"))
		say("difference by structure "+text, merged.Modified, nil)
	}
}
