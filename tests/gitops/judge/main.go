// Judges objects as the tools of GitOps do, with the code or the interpreter that they use themselves.
//
// On standard input one JSON object:
//
//	{"health": LUA, "discovery": LUA, "actions": {NAME: LUA}, "kustomization": {…}, "objects": [{…}, …]}
//
// On standard output a list with one verdict for each object, in their order: see verdict. Anything that is wrong with the input
// itself, such as a field that a Kustomization does not have, goes to standard error and ends with 1.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type input struct {
	// Health, Discovery and Actions are Lua scripts for Argo CD.
	Health    string            `json:"health"`
	Discovery string            `json:"discovery"`
	Actions   map[string]string `json:"actions"`
	// Kustomization is an object of Flux, whose spec.healthCheckExprs are used.
	Kustomization json.RawMessage `json:"kustomization"`
	// Objects are as the API server shows them.
	Objects []json.RawMessage `json:"objects"`
}

// verdict is what each tool makes of one object.
type verdict struct {
	ArgoCD  health            `json:"argocd"`
	Kstatus health            `json:"kstatus"`
	Flux    health            `json:"flux"`
	Actions map[string]action `json:"actions"`
}

// health is a word of the tool and, where it has one, its sentence.
type health struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func run() error {
	var in input
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return err
	}
	flux, err := newFlux(in.Kustomization)
	if err != nil {
		return err
	}
	verdicts := make([]verdict, 0, len(in.Objects))
	for number, raw := range in.Objects {
		// Whole numbers become int64, as in the tools.
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(raw); err != nil {
			return fmt.Errorf("object %d: %w", number, err)
		}
		one := verdict{ArgoCD: argoHealth(&object, in.Health)}
		if one.Kstatus, err = kstatus(&object); err != nil {
			return fmt.Errorf("object %d: %w", number, err)
		}
		if one.Flux, err = fluxHealth(context.Background(), flux, &object); err != nil {
			return fmt.Errorf("object %d: %w", number, err)
		}
		if one.Actions, err = argoActions(&object, in.Discovery, in.Actions); err != nil {
			return fmt.Errorf("object %d: %w", number, err)
		}
		verdicts = append(verdicts, one)
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}
