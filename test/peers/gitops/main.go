// What tools of GitOps do, on their own libraries: Flux's server-side apply and the engine of Argo CD.
// Arguments: the name of a script, a folder of CRDs, a kubeconfig, and a namespace that exists and is empty.
// Each step prints one line of JSON. What fails in a way that no step expects ends the program.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fluxcd/pkg/ssa/utils"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// world is what a script works with.
type world struct {
	context.Context
	config    *rest.Config
	namespace string
	crds      []*unstructured.Unstructured
	client    client.Client
}

func main() {
	scripts := map[string]func(world){"flux": flux, "argo": argo}
	if len(os.Args) != 5 || scripts[os.Args[1]] == nil {
		panic("usage: gitops SCRIPT CRDS KUBECONFIG NAMESPACE")
	}
	log.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	config := must(clientcmd.BuildConfigFromFlags("", os.Args[3]))
	config.QPS = -1
	scripts[os.Args[1]](world{
		Context: ctx, config: config, namespace: os.Args[4], crds: definitions(os.Args[2]),
		client: must(client.New(config, client.Options{})),
	})
}

func definitions(folder string) []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, path := range must(filepath.Glob(filepath.Join(folder, "*.yaml"))) {
		all = append(all, must(utils.ReadObjects(bytes.NewReader(must(os.ReadFile(path)))))...)
	}
	return all
}

// say prints what a step led to; an error in its own words.
func say(step string, result any, err error) {
	if err != nil {
		result = map[string]any{"error": err.Error()}
	}
	fmt.Println(string(must(json.Marshal(map[string]any{"step": step, "result": result}))))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func (w world) object(apiVersion, kind, name string, fields map[string]any) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: fields}
	object.SetAPIVersion(apiVersion)
	object.SetKind(kind)
	object.SetNamespace(w.namespace)
	object.SetName(name)
	return object
}

// layer is an AppLayer that all rules accept.
func (w world) layer(name, text string) *unstructured.Unstructured {
	return w.object("lamina.dev/v1alpha1", "AppLayer", name, map[string]any{"spec": map[string]any{
		"displayName": text,
		"osLayer":     map[string]any{"name": "win11"},
		"packaging":   map[string]any{"connectorRef": map[string]any{"name": "lab"}},
		"versions":    []any{map[string]any{"name": "1", "osVersion": "1"}},
	}})
}

func (w world) settings(name, text string) *unstructured.Unstructured {
	return w.object("v1", "ConfigMap", name, map[string]any{"data": map[string]any{"text": text}})
}
