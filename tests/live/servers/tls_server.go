// A small HTTPS service for the live tests: tls_server PORT LOG KEY CERTIFICATE. Each answered request is one line
// "METHOD TARGET STATUS" in LOG.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	port, path, key, certificate := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	log, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	large := make([]byte, 1<<20)
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		status, body := 200, []byte("hello\n")
		if request.URL.Path == "/large.bin" {
			body = large
		} else if request.URL.Path == "/missing" {
			status = 404
		}
		fmt.Fprintf(log, "%s %s %d\n", request.Method, request.URL.Path, status)
		answer.WriteHeader(status)
		answer.Write(body)
	})
	panic(http.ListenAndServeTLS("127.0.0.1:"+port, certificate, key, nil))
}
