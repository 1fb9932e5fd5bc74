package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// keeper gives each AppLayer a ConfigMap of its own, and says so in the status.
type keeper struct{ client.Client }

func (k keeper) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	layer := &unstructured.Unstructured{}
	layer.SetGroupVersionKind(layerKind)
	if err := k.Get(ctx, request.NamespacedName, layer); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	owned := &corev1.ConfigMap{}
	owned.Namespace, owned.Name = layer.GetNamespace(), layer.GetName()
	_, err := controllerutil.CreateOrUpdate(ctx, k, owned, func() error {
		text, _, _ := unstructured.NestedString(layer.Object, "spec", "displayName")
		owned.Data = map[string]string{"text": text}
		return controllerutil.SetControllerReference(layer, owned, k.Scheme())
	})
	if err != nil {
		return ctrl.Result{}, err
	}
	before := layer.DeepCopy()
	check(unstructured.SetNestedField(layer.Object, layer.GetGeneration(), "status", "observedGeneration"))
	return ctrl.Result{}, k.Status().Patch(ctx, layer, client.MergeFrom(before))
}

// manager runs a whole controller: leader election, caches, a queue, owned objects, a status.
func manager(w world) {
	manager := must(ctrl.NewManager(w.config, ctrl.Options{
		LeaderElection: true, LeaderElectionID: "keeper", LeaderElectionNamespace: w.namespace,
		LeaderElectionReleaseOnCancel: true, Metrics: server.Options{BindAddress: "0"},
		Cache: cache.Options{DefaultNamespaces: map[string]cache.Config{w.namespace: {}}},
	}))
	kind := &unstructured.Unstructured{}
	kind.SetGroupVersionKind(layerKind)
	check(ctrl.NewControllerManagedBy(manager).Named("keeper").For(kind).
		Owns(&corev1.ConfigMap{}).Complete(keeper{manager.GetClient()}))
	ctx, stop := context.WithCancel(w)
	ended := make(chan error)
	go func() { ended <- manager.Start(ctx) }()
	layer, owned := w.layer("one", "first"), &corev1.ConfigMap{}
	check(w.client.Create(w, layer))
	key := client.ObjectKeyFromObject(layer)
	ready := func(text string) func() bool {
		return func() bool {
			check(w.client.Get(w, key, layer))
			seen, _, _ := unstructured.NestedInt64(layer.Object, "status", "observedGeneration")
			return seen == layer.GetGeneration() && w.client.Get(w, key, owned) == nil && owned.Data["text"] == text
		}
	}
	w.until("it is ready", ready("first"))
	say("its status", layer)
	say("what it owns", owned)
	before := layer.DeepCopy()
	check(unstructured.SetNestedField(layer.Object, "second", "spec", "displayName"))
	// Not an update: the controller may write the status at the same time.
	check(w.client.Patch(w, layer, client.MergeFrom(before)))
	w.until("it follows", ready("second"))
	say("what it owns then", owned)
	check(w.client.Delete(w, owned))
	w.until("it repairs", ready("second"))
	check(w.client.Delete(w, layer))
	w.until("what it owned goes with it", func() bool { return w.client.Get(w, key, owned) != nil })
	say("is gone", nil, w.client.Get(w, key, owned))
	stop()
	say("it ends well", nil, <-ended)
}
