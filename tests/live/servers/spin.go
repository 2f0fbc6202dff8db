// Burns the CPU for two seconds, in two goroutines: main.burnGo, called by main.callsBurn.
package main

import (
	"sync"
	"time"
)

var sinks [2]int

//go:noinline
func burnGo(sink *int) {
	for i := 0; i < 100000; i++ {
		*sink += i
	}
}

//go:noinline
func callsBurn(end time.Time, sink *int) {
	for time.Now().Before(end) {
		burnGo(sink)
	}
}

func main() {
	end := time.Now().Add(2 * time.Second)
	var both sync.WaitGroup
	for i := range sinks {
		sink := &sinks[i]
		both.Add(1)
		go func() {
			callsBurn(end, sink)
			both.Done()
		}()
	}
	both.Wait()
}
