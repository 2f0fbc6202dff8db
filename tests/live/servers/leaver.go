// leaver TRUTH [N]: as leaver.cc, in Go: functions that are left in many ways by N goroutines, which move between threads,
// and whose stacks grow while they are called.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

const nap = 2 * time.Millisecond

type truth struct{ calls, returned, least, most int64 }

var (
	lock  sync.Mutex
	sums  = map[string]truth{}
	wrong int
	sink  int
)

func add(name string, calls, returned int64, least, most time.Duration) {
	lock.Lock()
	defer lock.Unlock()
	sum := sums["main."+name]
	sums["main."+name] = truth{sum.calls + calls, sum.returned + returned, sum.least + int64(least), sum.most + int64(most)}
}

func expect(value, expected int) {
	lock.Lock()
	defer lock.Unlock()
	if value != expected {
		wrong++
	}
}

// Sleeps, so that the goroutine may wake up in another thread.
//
//go:noinline
func naps(x int) int {
	time.Sleep(nap)
	return x + 1
}

// Needs a stack that must grow, with the calls that it is in.
//
//go:noinline
func grows(depth, x int) int {
	var room [64]int
	room[x&63] = depth
	if depth == 0 {
		return naps(x)
	}
	return grows(depth-1, x) + room[x&63] - depth + 1
}

//go:noinline
func throwsOdd(x int) int {
	if x%2 != 0 {
		panic("odd")
	}
	return x
}

//go:noinline
func passesOn(x int) int {
	return throwsOdd(x) + 1
}

//go:noinline
func catches(x int) (result int) {
	defer func() {
		if recover() != nil {
			result = -1
		}
	}()
	return passesOn(x)
}

//go:noinline
func switches(x int) int {
	switch x % 10 {
	case 0:
		return sink + 20
	case 1:
		return naps(x) - x
	case 2:
		return sink + 12
	case 3:
		return sink + 43
	case 4:
		return sink + 24
	case 5:
		return sink + 95
	case 6:
		return sink + 36
	case 7:
		return sink + 57
	case 8:
		return sink + 78
	}
	return 9
}

//go:noinline
func isShort(x int) int { return x*3 + sink }

func leave(x int) {
	const depth = 200
	begin := time.Now()
	expect(grows(depth, x), x+1+depth)
	took := time.Since(begin)
	add("grows", depth+1, depth+1, (depth+1)*nap, (depth+1)*took)
	add("naps", 1, 1, nap, took)

	odd := x%2 != 0
	returned, expected := int64(1), x+1
	if odd {
		returned, expected = 0, -1
	}
	begin = time.Now()
	expect(catches(x), expected)
	took = time.Since(begin)
	add("catches", 1, 1, 0, took)
	add("passesOn", 1, returned, 0, took)
	add("throwsOdd", 1, returned, 0, took)

	begin = time.Now()
	expect(switches(x), []int{20, 1, 12, 43, 24, 95, 36, 57, 78, 9}[x%10])
	took = time.Since(begin)
	slept := time.Duration(0)
	if x%10 == 1 {
		slept = nap
		add("naps", 1, 1, nap, took)
	}
	add("switches", 1, 1, slept, took)
	begin = time.Now()
	expect(isShort(x), 3*x)
	add("isShort", 1, 1, 0, time.Since(begin))
}

func main() {
	goroutines := 20
	if len(os.Args) > 2 {
		goroutines, _ = strconv.Atoi(os.Args[2])
	}
	var all sync.WaitGroup
	for i := 0; i < goroutines; i++ {
		all.Add(1)
		go func(first int) {
			defer all.Done()
			leave(first)
			leave(first + 1)
		}(i)
	}
	all.Wait()
	out, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	for name, sum := range sums {
		fmt.Fprintln(out, sum.calls, sum.returned, sum.least, sum.most, name)
	}
	out.Close()
	if wrong != 0 {
		fmt.Println("wrong")
		os.Exit(1)
	}
	fmt.Println("right")
}
