package main

import (
	"context"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
)

// candidate stands for election until its context ends, and then releases the lease.
func (w world) candidate(ctx context.Context, name string, led chan<- string) {
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: w.namespace, Name: "leader"},
			Client:     w.typed.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		// A lease that nobody released would outlast the script.
		LeaseDuration: time.Hour, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { led <- name + " leads" },
			OnStoppedLeading: func() { led <- name + " stands down" },
		},
	})
}

func (w world) read() *coordinationv1.Lease {
	return must(w.typed.CoordinationV1().Leases(w.namespace).Get(w, "leader", metav1.GetOptions{}))
}

// renewed waits until a new leader renewed its lease, and so rests: who ends while a request is under way
// may fail to release.
func (w world) renewed() {
	w.until("the leader renews", func() bool {
		lease := w.read()
		return lease.Spec.RenewTime.After(lease.Spec.AcquireTime.Time)
	})
}

func (w world) lease() any {
	lease := w.read()
	return map[string]any{"holder": lease.Spec.HolderIdentity, "changes": lease.Spec.LeaseTransitions,
		"seconds": lease.Spec.LeaseDurationSeconds}
}

// election has two candidates: one leads and releases, then the other leads.
func election(w world) {
	led := make(chan string, 4)
	first, stop := context.WithCancel(w)
	go w.candidate(first, "first", led)
	say("the first", <-led)
	second, end := context.WithCancel(w)
	go w.candidate(second, "second", led)
	w.renewed()
	say("the lease", w.lease())
	stop()
	both := []string{<-led, <-led}
	slices.Sort(both)
	say("after the release", both)
	w.renewed()
	say("the lease", w.lease())
	end()
	say("at the end", <-led)
	say("the lease", w.lease())
}

func (w world) events() []eventsv1.Event {
	events := must(w.typed.EventsV1().Events(w.namespace).List(w, metav1.ListOptions{})).Items
	for i := range events {
		event := &events[i]
		// Its name ends in the time at which the client made it. Items of real lists do not say what they are.
		event.Name, _, _ = strings.Cut(event.Name, ".")
		event.TypeMeta = metav1.TypeMeta{}
		// Those of the embedded API name the fields as the old group does.
		event.ManagedFields = nil
	}
	return events
}

// events records one, repeats it, and reads it in both groups.
func events(w world) {
	about := w.create("about", "first")
	recorder := must(cluster.New(w.config)).GetEventRecorder("tester")
	recorder.Eventf(about, nil, corev1.EventTypeNormal, "Packaged", "Package", "version %d is stored", 1)
	w.until("the event arrives", func() bool { return len(w.events()) == 1 })
	say("the event", w.events())
	recorder.Eventf(about, nil, corev1.EventTypeNormal, "Packaged", "Package", "version %d is stored", 1)
	w.until("the series begins", func() bool { return w.events()[0].Series != nil })
	say("the series", w.events())
	old := must(w.typed.CoreV1().Events(w.namespace).List(w, metav1.ListOptions{
		FieldSelector: "involvedObject.kind=AppLayer,reason=Packaged",
	}))
	say("in the old group", map[string]any{"count": len(old.Items), "message": old.Items[0].Message})
}
