// What GitOps tools think of our objects, said by their own code: Flux by its evaluator of health expressions and by
// kstatus, Argo CD by its Lua interpreter, both by kustomize. It talks to no cluster.
//
//	gitops-judge kustomize <folder>   prints what `kubectl kustomize` would
//	gitops-judge health < asked.json  prints a JSON list with a verdict for each object
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
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
	}
	return fmt.Errorf("usage: gitops-judge kustomize <folder> | gitops-judge health < asked.json")
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

func judge(q question) (verdict, error) {
	computed, err := status.Compute(q.Object)
	if err != nil {
		return verdict{}, fmt.Errorf("kstatus: %w", err)
	}
	flux, err := fluxOf(q, computed)
	if err != nil {
		return verdict{}, fmt.Errorf("flux: %w", err)
	}
	argo, err := healthOf(q.Object.Object, q.Lua)
	if err != nil {
		return verdict{}, fmt.Errorf("argo: %w", err)
	}
	return verdict{Kstatus: computed.Status.String(), Flux: flux.Status.String(), Argo: argo}, nil
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
