// A small HTTPS client for the live tests: tls_client http1|http2 PORT N PATH... After a line on its standard input, N requests
// for these paths in turn, on one connection.
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
)

func main() {
	protocol, port, paths := os.Args[1], os.Args[2], os.Args[4:]
	times, err := strconv.Atoi(os.Args[3])
	if err != nil {
		panic(err)
	}
	bufio.NewReader(os.Stdin).ReadString('\n')
	client := http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: protocol == "http2",
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
	}}
	for i := 0; i < times; i++ {
		answer, err := client.Get("https://127.0.0.1:" + port + paths[i%len(paths)])
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if major := answer.ProtoMajor; (major == 2) != (protocol == "http2") {
			panic(fmt.Sprint("it spoke HTTP/", major))
		}
	}
	client.CloseIdleConnections()
}
