// Command kubernetes is the sandbox's control plane in one binary: its first argument says which
// program it is. One binary instead of three is linked once and shares its text in memory.
//
// Every program ends when its standard input does. The sandbox holds the other end of that pipe and
// never writes to it, so that nothing is left running, however the sandbox itself ended.
package main

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// grace is how long etcd may take to close its files. A few milliseconds are enough.
const grace = 3 * time.Second

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	os.Args = os.Args[1:]
	var command *cobra.Command
	switch os.Args[0] {
	case "etcd":
	case "kube-apiserver":
		command = apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		command = controllers.NewControllerManagerCommand()
	default:
		usage()
	}
	keepsData := command == nil
	go endWithStdin(keepsData)
	if keepsData {
		etcdmain.Main(os.Args)
		return
	}
	os.Exit(cli.Run(command))
}

// endWithStdin ends this process when the sandbox is gone. Only who keeps data is asked first: the
// API server would wait a minute for open watches, which nobody reads any more.
func endWithStdin(ask bool) {
	_, _ = io.Copy(io.Discard, os.Stdin)
	if ask {
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
		time.Sleep(grace)
	}
	os.Exit(1)
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: kubernetes etcd|kube-apiserver|kube-controller-manager FLAGS")
	os.Exit(2)
}
