// Answers GET /hello?name=Ada. Change it, run `sh build.sh`, and reload the page.
//
// For an http.Handler instead, see net/http/cgi: cgi.Serve(handler) speaks the same protocol, for 4 MB more.
package main

import (
	"fmt"
	"net/url"
	"os"
)

func main() {
	name := "world"
	// A malformed query still gives the parameters that could be read.
	query, _ := url.ParseQuery(os.Getenv("QUERY_STRING"))
	if query.Has("name") {
		name = query.Get("name")
	}
	fmt.Print("Content-Type: text/plain; charset=utf-8\n\n")
	fmt.Printf("Hello, %s!\nI am a WebAssembly handler written in Go.\n", name)
}
