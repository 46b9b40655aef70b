// An API in Go that verifies tokens with go-oidc and nothing but the issuer: its keys come from
// ISSUER/.well-known/openid-configuration.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	oidc "github.com/coreos/go-oidc"
)

func main() {
	urls := flag.String("urls", "http://localhost:8000", "where to listen")
	flag.Parse()

	provider, err := oidc.NewProvider(context.Background(), os.Getenv("ISSUER"))
	if err != nil {
		log.Fatal(err)
	}

	// Version 3 takes the algorithms from this member by itself. Version 2, which Debian has, would accept RS256 only.
	var metadata struct {
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
	}
	if err := provider.Claims(&metadata); err != nil {
		log.Fatal(err)
	}

	// What go-oidc calls the client's id is the aud a token must have.
	verifier := provider.Verifier(&oidc.Config{ClientID: os.Getenv("RESOURCE"), SupportedSigningAlgs: metadata.Algorithms})
	http.HandleFunc("/tasks", func(answer http.ResponseWriter, request *http.Request) {
		token, err := verifier.Verify(request.Context(), strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer "))
		if err != nil {
			answer.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			answer.WriteHeader(http.StatusUnauthorized)
			return
		}

		var claims struct {
			Scope string `json:"scope"`
		}
		scope, status := "tasks:read", http.StatusOK
		if request.Method == http.MethodPost {
			scope, status = "tasks:write", http.StatusCreated
		}
		if err := token.Claims(&claims); err != nil || !contains(strings.Fields(claims.Scope), scope) {
			answer.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
			answer.WriteHeader(http.StatusForbidden)
			return
		}
		answer.WriteHeader(status)
		fmt.Fprintf(answer, "tasks of %s", token.Subject)
	})
	log.Fatal(http.ListenAndServe(strings.TrimPrefix(*urls, "http://"), nil))
}

func contains(all []string, one string) bool {
	for _, other := range all {
		if other == one {
			return true
		}
	}
	return false
}
