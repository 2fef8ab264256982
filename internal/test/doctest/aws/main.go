// Command aws has an AWS CLI that is already running, awscli.py, run a command: with
// the arguments, environment, folder, input and outputs of this process.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	status, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "aws:", err)
		status = 255
	}
	os.Exit(status)
}

func run() (int, error) {
	environ := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		environ[name] = value
	}
	dir, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	request, err := json.Marshal(map[string]any{"args": os.Args[1:], "environ": environ, "dir": dir})
	if err != nil {
		return 0, err
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: os.Getenv("DOCTEST_AWSCLI")})
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // nothing is lost
	if _, _, err := conn.WriteMsgUnix(append(request, 0), syscall.UnixRights(0, 1, 2), nil); err != nil {
		return 0, err
	}
	status, err := io.ReadAll(conn)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(status))
}
