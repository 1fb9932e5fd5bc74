package main

import (
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	configv1 "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// names lists what is left of the AppLayers and ConfigMaps; the real server adds ConfigMaps of its own.
func (w world) names() []string {
	names := []string{}
	for _, item := range must(w.dynamic.List(w, metav1.ListOptions{})).Items {
		names = append(names, "layer "+item.GetName())
	}
	maps := corev1.ConfigMapList{}
	check(w.client.List(w, &maps, client.InNamespace(w.namespace)))
	for _, item := range maps.Items {
		if item.Name != "kube-root-ca.crt" {
			names = append(names, "map "+item.Name)
		}
	}
	return names
}

// collection deletes by selector, with both clients.
func collection(w world) {
	for name, tier := range map[string]string{"a": "x", "b": "x", "c": "y"} {
		layer := w.layer(name, "first")
		layer.SetLabels(map[string]string{"tier": tier})
		check(w.client.Create(w, layer))
		check(w.client.Create(w, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: name, Labels: layer.GetLabels()}}))
	}
	say("made", w.names())
	say("dry run", nil, w.dynamic.DeleteCollection(w, metav1.DeleteOptions{DryRun: []string{"All"}}, metav1.ListOptions{}))
	say("left", w.names())
	say("layers", nil, w.dynamic.DeleteCollection(w, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "tier in (x)"}))
	say("left", w.names())
	say("maps", nil, w.client.DeleteAllOf(w, &corev1.ConfigMap{}, client.InNamespace(w.namespace),
		client.MatchingLabels{"tier": "y"}))
	say("left", w.names())
}

func (w world) applied(name, text string) *unstructured.Unstructured {
	layer := w.layer(name, text)
	layer.SetLabels(map[string]string{"said": text})
	return layer
}

// apply is server-side apply of two managers: a conflict, force, and taking back.
func apply(w world) {
	put := func(step string, layer *unstructured.Unstructured, options ...client.ApplyOption) {
		err := w.client.Apply(w, client.ApplyConfigurationFromUnstructured(layer), options...)
		say(step, layer, err)
	}
	first, second := client.FieldOwner("first"), client.FieldOwner("second")
	put("creates", w.applied("one", "a"), first)
	// kube-apiserver may write once more what it stored as empty; from then on nothing changes.
	again := func() string {
		layer := w.applied("one", "a")
		check(w.client.Apply(w, client.ApplyConfigurationFromUnstructured(layer), first))
		return layer.GetResourceVersion()
	}
	say("changes nothing", again() == again())
	put("conflicts", w.applied("one", "b"), second)
	put("forces", w.applied("one", "b"), second, client.ForceOwnership)
	put("lost it", w.applied("one", "a"), first)
	less := w.layer("one", "b")
	unstructured.RemoveNestedField(less.Object, "spec", "displayName")
	put("takes back", less, second, client.ForceOwnership)
	status := w.layer("one", "")
	status.Object["status"] = map[string]any{"observedGeneration": int64(1)}
	delete(status.Object, "spec")
	say("applies the status", status,
		w.client.Status().Apply(w, client.ApplyConfigurationFromUnstructured(status), client.FieldOwner("status")))
	maps := w.typed.CoreV1().ConfigMaps(w.namespace)
	wanted := configv1.ConfigMap("typed", w.namespace).WithData(map[string]string{"key": "value"})
	made, err := maps.Apply(w, wanted, metav1.ApplyOptions{FieldManager: "first"})
	say("applies a typed configuration", made, err)
	mine, err := configv1.ExtractConfigMap(made, "first")
	say("extracts what it applied", mine, err)
}

// finalizer holds a deletion until it is done.
func finalizer(w world) {
	layer := w.layer("held", "first")
	controllerutil.AddFinalizer(layer, "test.lamina.dev/hold")
	say("creates", layer, w.client.Create(w, layer))
	say("deletes", nil, w.client.Delete(w, layer))
	key := client.ObjectKeyFromObject(layer)
	say("is held", layer, w.client.Get(w, key, layer))
	controllerutil.AddFinalizer(layer, "test.lamina.dev/late")
	say("is not held by more", nil, w.client.Update(w, layer))
	check(w.client.Get(w, key, layer))
	before := layer.DeepCopy()
	controllerutil.RemoveFinalizer(layer, "test.lamina.dev/hold")
	say("lets go", nil, w.client.Patch(w, layer, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
	say("is gone", nil, w.client.Get(w, key, layer))
}

// typed writes the built-in kinds as protobuf.
func typed(w world) {
	meta := metav1.ObjectMeta{Name: "typed", Labels: map[string]string{"a": "b"}}
	maps, secrets := w.typed.CoreV1().ConfigMaps(w.namespace), w.typed.CoreV1().Secrets(w.namespace)
	made, err := maps.Create(w, &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"key": "value"},
		BinaryData: map[string][]byte{"bytes": {0, 255}}}, metav1.CreateOptions{})
	say("creates a ConfigMap", made, err)
	made.Data["key"] = "other"
	made.Immutable = new(true)
	updated, err := maps.Update(w, made, metav1.UpdateOptions{})
	say("updates it", updated, err)
	_, err = maps.Update(w, made, metav1.UpdateOptions{})
	say("conflicts", nil, err)
	patched, err := maps.Patch(w, "typed", types.StrategicMergePatchType,
		[]byte(`{"metadata":{"labels":{"a":null,"c":"d"}}}`), metav1.PatchOptions{})
	say("patches it", patched, err)
	secret, err := secrets.Create(w, &corev1.Secret{ObjectMeta: meta, StringData: map[string]string{"key": "value"},
		Type: corev1.SecretTypeOpaque}, metav1.CreateOptions{FieldValidation: "Strict"})
	say("creates a Secret", secret, err)
	_, err = secrets.Create(w, &corev1.Secret{ObjectMeta: meta}, metav1.CreateOptions{})
	say("exists", nil, err)
	uid := types.UID("00000000-0000-0000-0000-000000000000")
	say("is another", nil, secrets.Delete(w, "typed", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}))
	say("deletes it", nil, secrets.Delete(w, "typed", *metav1.NewDeleteOptions(0)))
	now := metav1.NowMicro()
	lease, err := w.typed.CoordinationV1().Leases(w.namespace).Create(w, &coordinationv1.Lease{ObjectMeta: meta,
		Spec: coordinationv1.LeaseSpec{HolderIdentity: new("me"), LeaseDurationSeconds: new(int32(15)), RenewTime: &now},
	}, metav1.CreateOptions{})
	say("creates a Lease", lease, err)
	spaces := w.typed.CoreV1().Namespaces()
	space, err := spaces.Create(w, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace + "-made"}}, metav1.CreateOptions{})
	say("creates a Namespace", space, err)
	say("deletes it", nil, spaces.Delete(w, space.Name, metav1.DeleteOptions{}))
	w.until("it is gone", func() bool {
		_, err := spaces.Get(w, space.Name, metav1.GetOptions{})
		return err != nil
	})
	_, err = spaces.Get(w, space.Name, metav1.GetOptions{})
	say("is gone", nil, err)
}
