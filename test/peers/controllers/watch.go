package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// seen is what an informer told, in order.
type seen struct {
	sync.Mutex
	lines []string
}

func (s *seen) add(what string, object any) {
	if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		what, object = what+" unseen", gone.Obj
	}
	layer := object.(*unstructured.Unstructured)
	text, _, _ := unstructured.NestedString(layer.Object, "spec", "displayName")
	s.Lock()
	defer s.Unlock()
	s.lines = append(s.lines, what+" "+layer.GetName()+" "+text)
}

func (s *seen) all() []string {
	s.Lock()
	defer s.Unlock()
	return slices.Clone(s.lines)
}

// watched starts a shared informer on the AppLayers of the namespace.
func (w world) watched(config *rest.Config) (*seen, cache.SharedIndexInformer) {
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(
		must(dynamic.NewForConfig(config)), 0, w.namespace, nil)
	informer, told := factory.ForResource(layers).Informer(), &seen{}
	must(informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { told.add("added", object) },
		UpdateFunc: func(_, object any) { told.add("updated", object) },
		DeleteFunc: func(object any) { told.add("deleted", object) },
	}))
	factory.Start(w.Done())
	factory.WaitForCacheSync(w.Done())
	return told, informer
}

func (w world) create(name, text string) *unstructured.Unstructured {
	return must(w.dynamic.Create(w, w.layer(name, text), metav1.CreateOptions{}))
}

func (w world) update(layer *unstructured.Unstructured, text string) {
	check(unstructured.SetNestedField(layer.Object, text, "spec", "displayName"))
	must(w.dynamic.Update(w, layer, metav1.UpdateOptions{}))
}

func (w world) remove(name string) { check(w.dynamic.Delete(w, name, metav1.DeleteOptions{})) }

// informer sees all that happens, in order, and ends with what the server has.
func informer(w world) {
	w.create("before", "first")
	told, informer := w.watched(w.config)
	w.update(w.create("one", "first"), "second")
	w.remove("one")
	w.create("two", "first")
	w.until("all was seen", func() bool { return len(told.all()) >= 5 })
	say("what it was told", told.all())
	stored, _, err := informer.GetStore().GetByKey(w.namespace + "/two")
	say("what it stored", stored, err)
	say("what the server has", must(w.dynamic.Get(w, "two", metav1.GetOptions{})))
}

// gate ends watches as a server does, and holds them back until more has happened; then the first one
// asks for a revision that is long gone.
type gate struct {
	sync.Mutex
	next http.RoundTripper
	cut  context.CancelFunc
	held chan struct{}
	late bool
	// answer is what the watch that came late got.
	answer string
}

func (g *gate) RoundTrip(request *http.Request) (*http.Response, error) {
	query := request.URL.Query()
	if query.Get("watch") == "" {
		return g.next.RoundTrip(request)
	}
	g.Lock()
	held := g.held
	g.Unlock()
	if held != nil {
		<-held
	}
	ctx, cancel := context.WithCancel(request.Context())
	request = request.Clone(ctx)
	g.Lock()
	g.cut = cancel
	isLate := g.late
	g.late = false
	g.Unlock()
	if !isLate {
		answer, err := g.next.RoundTrip(request)
		if err == nil {
			answer.Body = ending{answer.Body, ctx}
		}
		return answer, err
	}
	query.Set("resourceVersion", "1")
	request.URL.RawQuery = query.Encode()
	answer, err := g.next.RoundTrip(request)
	check(err)
	body := must(io.ReadAll(answer.Body))
	answer.Body = io.NopCloser(bytes.NewReader(body))
	g.Lock()
	defer g.Unlock()
	g.answer = string(body)
	return answer, nil
}

// ending is a body that ends well when its request is cut: after an error the informer would list again.
type ending struct {
	io.ReadCloser
	cut context.Context
}

func (e ending) Read(bytes []byte) (int, error) {
	n, err := e.ReadCloser.Read(bytes)
	if err != nil && e.cut.Err() != nil {
		err = io.EOF
	}
	return n, err
}

// expired loses the informer's watch, lets things happen, and has it resume from a revision that is gone.
func expired(w world) {
	guard, config := &gate{}, rest.CopyConfig(w.config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		guard.next = next
		return guard
	})
	stays := w.create("stays", "first")
	w.create("goes", "first")
	told, informer := w.watched(config)
	// A watch that ends before it told anything would be followed by a list.
	w.update(stays, "second")
	w.until("it watches", func() bool { return len(told.all()) == 3 })
	guard.Lock()
	guard.held, guard.late = make(chan struct{}), true
	guard.cut()
	guard.Unlock()
	w.remove("goes")
	w.update(must(w.dynamic.Get(w, "stays", metav1.GetOptions{})), "third")
	w.create("comes", "first")
	close(guard.held)
	guard.Lock()
	guard.held = nil
	guard.Unlock()
	w.until("all was made good", func() bool { return len(told.all()) >= 6 })
	lines := told.all()
	// A list has no order in time.
	slices.Sort(lines)
	say("what it was told", lines)
	w.create("later", "first")
	w.until("it watches again", func() bool { return len(informer.GetStore().ListKeys()) == 3 })
	keys := informer.GetStore().ListKeys()
	slices.Sort(keys)
	say("what it stored", keys)
	guard.Lock()
	defer guard.Unlock()
	say("the late watch was refused", strings.Contains(guard.answer, `"reason":"Expired","code":410`))
}
