// What GitOps tools think of our objects, said by their own code: Flux by its evaluator of health expressions and by
// kstatus, Argo CD by its Lua interpreter, both by kustomize. It talks to no cluster.
//
//	gitops-judge kustomize <folder>   prints what `kubectl kustomize` would
//	gitops-judge health < asked.json  prints a JSON list with a verdict for each object
//	gitops-judge flux < object.json   fails when an object of Flux has a field that Flux does not know
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	helm "github.com/fluxcd/helm-controller/api/v2"
	flux "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	source "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

type question struct {
	Object *unstructured.Unstructured `json:"object"`
	Lua    string                     `json:"lua"`
	// Nil: Flux asks kstatus.
	Expressions *kustomize.HealthCheckExpressions `json:"expressions"`
}

// The kinds that our samples have of Flux.
var fluxKinds = map[string]any{
	"GitRepository": &source.GitRepository{},
	"HelmRelease":   &helm.HelmRelease{},
	"Kustomization": &flux.Kustomization{},
}

type verdict struct {
	Kstatus string `json:"kstatus"`
	Flux    string `json:"flux"`
	Argo    health `json:"argo"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "kustomize":
		return build(args[1])
	case len(args) == 1 && args[0] == "health":
		return judgeAll()
	case len(args) == 1 && args[0] == "flux":
		return readStrictly()
	}
	return fmt.Errorf("usage: gitops-judge kustomize <folder> | gitops-judge health < asked.json | gitops-judge flux < object.json")
}

func build(folder string) error {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return err
	}
	text, err := resources.AsYaml()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

func judgeAll() error {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		return err
	}
	verdicts := make([]verdict, 0, len(questions))
	for i, q := range questions {
		v, err := judge(q)
		if err != nil {
			return fmt.Errorf("object %d: %w", i, err)
		}
		verdicts = append(verdicts, v)
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}

func readStrictly() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var meta struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(text, &meta); err != nil {
		return err
	}
	object, isKnown := fluxKinds[meta.Kind]
	if !isKnown {
		return fmt.Errorf("%s is no kind of Flux that is known here", meta.Kind)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(object)
}

func judge(q question) (verdict, error) {
	computed, err := status.Compute(q.Object)
	if err != nil {
		return verdict{}, fmt.Errorf("kstatus: %w", err)
	}
	fluxSays, err := fluxOf(q, computed)
	if err != nil {
		return verdict{}, fmt.Errorf("flux: %w", err)
	}
	argo, err := healthOf(q.Object.Object, q.Lua)
	if err != nil {
		return verdict{}, fmt.Errorf("argo: %w", err)
	}
	return verdict{Kstatus: computed.Status.String(), Flux: fluxSays.Status.String(), Argo: argo}, nil
}

func fluxOf(q question, computed *status.Result) (*status.Result, error) {
	if q.Expressions == nil {
		return computed, nil
	}
	evaluator, err := cel.NewStatusEvaluator(q.Expressions)
	if err != nil {
		return nil, err
	}
	return evaluator.Evaluate(context.Background(), q.Object)
}
