// What runs where nothing of ours has to: it holds a pod's sandbox and is a node's first process, and for tests of the
// cluster itself it is a pod that answers, one that asks for a name, or one that watches a file. It is the only program in its image.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const usage = "usage: pause [answer PORT | resolve NAME | watch FILE]"

func main() {
	go act(os.Args[1:])
	wait()
}

func act(args []string) {
	switch {
	case len(args) == 0:
	case len(args) == 2 && args[0] == "answer":
		answer(args[1])
	case len(args) == 2 && args[0] == "resolve":
		resolve(args[1])
	case len(args) == 2 && args[0] == "watch":
		watch(args[1])
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
}

// Until it is told to end. A first process is also who must collect the children of those that died.
func wait() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			os.Exit(0)
		}
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if pid <= 0 || err != nil {
				break
			}
		}
	}
}

// Tells each caller the name of this pod.
func answer(port string) {
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	name, _ := os.Hostname()
	for {
		caller, err := listener.Accept()
		if err != nil {
			continue
		}
		fmt.Fprintln(caller, name)
		caller.Close()
	}
}

// Prints the name's addresses and ends.
func resolve(name string) {
	addresses, err := net.LookupHost(name)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, address := range addresses {
		fmt.Println(address)
	}
	os.Exit(0)
}

// Prints the file whenever it reads differently, with the time (RFC 3339) when that was seen.
func watch(file string) {
	for last := ""; ; time.Sleep(50 * time.Millisecond) {
		content, err := os.ReadFile(file)
		if err == nil && string(content) != last {
			last = string(content)
			fmt.Printf("%s %q\n", time.Now().UTC().Format(time.RFC3339Nano), last)
		}
	}
}
