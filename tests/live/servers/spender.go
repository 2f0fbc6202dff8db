// spender.go HOW WORKERS BURN WAIT: what spender.cc serves, and prints, in Go. A goroutine may change its thread while it
// burns, so it burns rounds, which take as long as they take.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

type route struct {
	rounds int64
	wait   time.Duration
	uses   atomic.Int64
	spent  atomic.Int64 // rounds
}

var sink atomic.Int64

func (r *route) work(rounds int64) {
	sum := int64(0)
	for i := int64(0); i < rounds; i++ {
		for j := int64(0); j < 100; j++ {
			sum = sum*31 + j
		}
	}
	sink.Store(sum)
	r.spent.Add(rounds)
}

func (r *route) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.work(r.rounds / 2)
	time.Sleep(r.wait)
	r.work(r.rounds - r.rounds/2)
	r.uses.Add(1)
	w.Write([]byte("ok"))
}

func cpu() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func roundsIn(length time.Duration) int64 {
	r := route{}
	begin := time.Now()
	r.work(100_000)
	return int64(100_000 * length / time.Since(begin))
}

func main() {
	burn, _ := strconv.Atoi(os.Args[3])
	wait, _ := strconv.Atoi(os.Args[4])
	rounds := roundsIn(time.Duration(burn) * time.Microsecond)
	light := &route{rounds: rounds * 3 / 10, wait: time.Duration(wait) * time.Microsecond / 5}
	heavy := &route{rounds: rounds * 7 / 10, wait: time.Duration(wait) * time.Microsecond * 4 / 5}
	http.Handle("/light", light)
	http.Handle("/heavy", heavy)
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	before := cpu()
	http.HandleFunc("/anew", func(http.ResponseWriter, *http.Request) {
		for _, r := range []*route{light, heavy} {
			r.uses.Store(0)
			r.spent.Store(0)
		}
		before = cpu()
	})
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go http.Serve(listening, nil)
	fmt.Println(listening.Addr().(*net.TCPAddr).Port)
	<-ended
	told := func(r *route) string {
		return fmt.Sprintf(`{"uses": %d, "cpu": %f}`, r.uses.Load(), float64(r.spent.Load())/float64(rounds)*float64(burn)/1e6)
	}
	fmt.Printf("{\"process\": %f, \"waits\": %t, \"routes\": {\"/light\": %s, \"/heavy\": %s}}\n", cpu()-before, wait > 0, told(light), told(heavy))
}
