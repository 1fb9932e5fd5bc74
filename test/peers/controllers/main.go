// What a controller does, on the libraries that controllers are written with: client-go and controller-runtime.
// Arguments: the name of a script, a kubeconfig, and a namespace that exists and is empty.
// Each step prints one line of JSON. What fails in a way that no step expects ends the program.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

var (
	layers    = schema.GroupVersionResource{Group: "lamina.dev", Version: "v1alpha1", Resource: "applayers"}
	layerKind = schema.GroupVersionKind{Group: "lamina.dev", Version: "v1alpha1", Kind: "AppLayer"}
)

// world is what a script works with.
type world struct {
	context.Context
	config    *rest.Config
	namespace string
	// dynamic serves our kinds, typed the built-in ones (its bodies are protobuf), client is controller-runtime's.
	dynamic dynamic.ResourceInterface
	typed   kubernetes.Interface
	client  client.Client
}

func main() {
	scripts := map[string]func(world){
		"informer": informer, "expired": expired, "election": election, "events": events,
		"collection": collection, "apply": apply, "finalizer": finalizer, "typed": typed,
		"manager": manager,
	}
	if len(os.Args) != 4 || scripts[os.Args[1]] == nil {
		panic("usage: controllers SCRIPT KUBECONFIG NAMESPACE")
	}
	log.SetLogger(logr.Discard())
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	scripts[os.Args[1]](open(ctx, os.Args[2], os.Args[3]))
}

func open(ctx context.Context, kubeconfig, namespace string) world {
	config := must(clientcmd.BuildConfigFromFlags("", kubeconfig))
	config.QPS = -1
	protobuf := rest.CopyConfig(config)
	protobuf.ContentType = "application/vnd.kubernetes.protobuf"
	return world{
		Context: ctx, config: config, namespace: namespace,
		dynamic: must(dynamic.NewForConfig(config)).Resource(layers).Namespace(namespace),
		typed:   kubernetes.NewForConfigOrDie(protobuf),
		client:  must(client.New(config, client.Options{})),
	}
}

// say prints what a step led to; an error of the server as its Status.
func say(step string, result any, errs ...error) {
	for _, err := range errs {
		if failed, ok := err.(apierrors.APIStatus); ok {
			result = failed.Status()
		} else {
			check(err)
		}
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

func (w world) until(what string, look func() bool) {
	err := wait.PollUntilContextTimeout(w, 20*time.Millisecond, 20*time.Second, true,
		func(context.Context) (bool, error) { return look(), nil })
	if err != nil {
		panic(fmt.Sprintf("never: %s: %v", what, err))
	}
}

// layer is an AppLayer that all rules accept.
func (w world) layer(name, text string) *unstructured.Unstructured {
	layer := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"displayName": text,
		"osLayer":     map[string]any{"name": "win11"},
		"packaging":   map[string]any{"connectorRef": map[string]any{"name": "lab"}},
		"versions":    []any{map[string]any{"name": "1", "osVersion": "1"}},
	}}}
	layer.SetGroupVersionKind(layerKind)
	layer.SetNamespace(w.namespace)
	layer.SetName(name)
	return layer
}
