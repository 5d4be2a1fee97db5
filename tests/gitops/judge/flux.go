package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling/engine"
	forked "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"
)

// kstatus is the verdict of the generic rules. Flux and Helm 4 have them from a fork of the original, which has to agree.
func kstatus(object *unstructured.Unstructured) (health, error) {
	result, err := status.Compute(object)
	if err != nil {
		return health{}, err
	}
	again, err := forked.Compute(object)
	if err != nil {
		return health{}, err
	}
	if string(result.Status) != string(again.Status) {
		return health{}, fmt.Errorf("kstatus says %s, and the fork that Flux and Helm use %s", result.Status, again.Status)
	}
	return health{Status: string(result.Status), Message: result.Message}, nil
}

// newFlux reads a Kustomization as kustomize-controller does, and gives what its healthCheckExprs become there. A field that a
// Kustomization does not have is an error.
func newFlux(raw json.RawMessage) (engine.StatusReader, error) {
	var kustomization kustomizev1.Kustomization
	if err := yaml.UnmarshalStrict(raw, &kustomization); err != nil {
		return nil, fmt.Errorf("the Kustomization: %w", err)
	}
	reader, err := cel.NewStatusReader(kustomization.Spec.HealthCheckExprs)
	if err != nil {
		return nil, fmt.Errorf("the Kustomization: %w", err)
	}
	return reader(nil), nil
}

// fluxHealth is what a Kustomization with healthCheckExprs waits for: its own rules for the kinds that they name.
func fluxHealth(ctx context.Context, flux engine.StatusReader, object *unstructured.Unstructured) (health, error) {
	if !flux.Supports(object.GroupVersionKind().GroupKind()) {
		return kstatus(object)
	}
	result, err := flux.ReadStatusForObject(ctx, nil, object)
	if err != nil {
		return health{}, err
	}
	if result.Error != nil {
		return health{Status: string(result.Status), Message: result.Error.Error()}, nil
	}
	return health{Status: string(result.Status), Message: result.Message}, nil
}
