package main

import (
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var waiting = ssa.WaitOptions{Interval: 50 * time.Millisecond, Timeout: 30 * time.Second, FailFast: true}

// flux does with a Kustomization what kustomize-controller does: apply in stages, look for drift, wait, prune.
func flux(w world) {
	poller := polling.NewStatusPoller(w.client, w.client.RESTMapper(), polling.Options{})
	manager := ssa.NewResourceManager(w.client, poller, ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"})
	first := func() []*unstructured.Unstructured {
		set := []*unstructured.Unstructured{w.settings("a", "first"), w.layer("browser", "first")}
		manager.SetOwnerLabels(set, "apps", "flux-system")
		return append(set, w.copies()...)
	}
	apply := func(step string, set []*unstructured.Unstructured, options ssa.ApplyOptions) *ssa.ChangeSet {
		changes, err := manager.ApplyAllStaged(w, set, options)
		if err != nil {
			say(step, nil, err)
			return nil
		}
		say(step, changes.ToMap(), nil)
		return changes
	}
	options := ssa.DefaultApplyOptions()
	options.WaitInterval = 50 * time.Millisecond
	all := apply("apply", first(), options)
	apply("apply again", first(), options)
	w.state("what is there", first()...)

	manual := w.layer("browser", "by hand")
	check(w.client.Patch(w, manual, client.Merge, client.FieldOwner("kubectl-edit")))
	entry, live, merged, err := manager.Diff(w, first()[1], ssa.DefaultDiffOptions())
	say("diff", []any{entry.Action, live.Object["spec"], merged.Object["spec"]}, err)
	options.Cleanup.FieldManagers = []ssa.FieldManager{{Name: "kubectl-edit", OperationType: "Update", ExactMatch: true}}
	apply("take back", first(), options)
	w.state("taken back", first()[1])

	short := waiting
	short.Timeout = 5 * time.Second
	say("wait for what nobody does", nil, manager.WaitForSet(all.ToObjMetadataSet(), short))
	w.becomes("Ready", "Deployable")
	say("wait", nil, manager.WaitForSet(all.ToObjMetadataSet(), waiting))
	w.becomes("Stalled", "Failed")
	say("wait for what has failed", nil, manager.WaitForSet(all.ToObjMetadataSet(), waiting))

	apply("what breaks rules", []*unstructured.Unstructured{w.layer("office", ""), w.settings("A_b", "")}, options)
	apply("what is not served", []*unstructured.Unstructured{w.object("example.com/v1", "Widget", "a", map[string]any{})}, options)
	gone, err := manager.DeleteAll(w, first()[:2], ssa.DefaultDeleteOptions())
	say("prune", gone.ToMap(), err)
	say("pruned", nil, manager.WaitForSetTermination(gone, waiting))
}

func (w world) copies() []*unstructured.Unstructured {
	var copies []*unstructured.Unstructured
	for _, crd := range w.crds {
		copies = append(copies, crd.DeepCopy())
	}
	return copies
}

// state tells of what is stored, but for the definitions of kinds.
func (w world) state(step string, objects ...*unstructured.Unstructured) {
	var found []any
	for _, object := range objects {
		if object.GetNamespace() == "" {
			continue
		}
		check(w.client.Get(w, client.ObjectKeyFromObject(object), object))
		unstructured.RemoveNestedField(object.Object, "metadata", "resourceVersion")
		found = append(found, object.Object)
	}
	say(step, found, nil)
}

// becomes says of the layer, as its controller would, how it is.
func (w world) becomes(condition, reason string) {
	layer := w.layer("browser", "")
	check(w.client.Get(w, client.ObjectKeyFromObject(layer), layer))
	layer.Object["status"] = map[string]any{"observedGeneration": layer.GetGeneration(), "conditions": []any{map[string]any{
		"type": condition, "status": "True", "reason": reason, "message": reason,
		"lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
	}}}
	check(w.client.Status().Update(w, layer))
}
