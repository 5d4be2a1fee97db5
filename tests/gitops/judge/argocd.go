package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	jsonpatch "github.com/evanphx/json-patch"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

// action is one action of Argo CD on one object.
type action struct {
	Disabled bool `json:"disabled"`
	// Patch is the merge patch that Argo CD would send.
	Patch json.RawMessage `json:"patch"`
}

var healthWords = map[string]bool{
	"Unknown": true, "Progressing": true, "Suspended": true, "Healthy": true, "Degraded": true, "Missing": true,
}

// argoHealth follows gitops-engine/pkg/health: a deletion timestamp is judged before any script, a script that fails means Unknown.
func argoHealth(object *unstructured.Unstructured, script string) health {
	if object.GetDeletionTimestamp() != nil {
		return health{Status: "Progressing", Message: "Pending deletion"}
	}
	var result health
	encoded, err := runLua(object, script)
	if err == nil {
		err = json.Unmarshal(encoded, &result)
	}
	if err != nil {
		return health{Status: "Unknown", Message: err.Error()}
	}
	if !healthWords[result.Status] {
		return health{Status: "Unknown", Message: "Lua returned an invalid health status"}
	}
	return result
}

// argoActions lists what discovery offers and what each of those actions would patch.
func argoActions(object *unstructured.Unstructured, discovery string, scripts map[string]string) (map[string]action, error) {
	encoded, err := runLua(object, discovery)
	if err != nil {
		return nil, err
	}
	var offered map[string]struct {
		Disabled bool `json:"disabled"`
	}
	if err := json.Unmarshal(encoded, &offered); err != nil {
		return nil, err
	}
	actions := make(map[string]action, len(offered))
	for name, offer := range offered {
		script, known := scripts[name]
		if !known {
			return nil, fmt.Errorf("discovery offers %s, which has no action.lua", name)
		}
		patch, err := argoPatch(object, script)
		if err != nil {
			return nil, fmt.Errorf("action %s: %w", name, err)
		}
		actions[name] = action{Disabled: offer.Disabled, Patch: patch}
	}
	return actions, nil
}

// argoPatch is the difference between the object and what the script returns.
func argoPatch(object *unstructured.Unstructured, script string) (json.RawMessage, error) {
	encoded, err := runLua(object, script)
	if err != nil {
		return nil, err
	}
	var changed any
	if err := json.Unmarshal(encoded, &changed); err != nil {
		return nil, err
	}
	before, err := object.MarshalJSON()
	if err != nil {
		return nil, err
	}
	after, err := json.Marshal(restoreEmpty(changed, object.Object))
	if err != nil {
		return nil, err
	}
	return jsonpatch.CreateMergePatch(before, after)
}

// restoreEmpty undoes what Lua does to an empty object, which it can't tell from an empty list.
func restoreEmpty(changed, original any) any {
	switch changed := changed.(type) {
	case map[string]any:
		if original, same := original.(map[string]any); same {
			for key, value := range changed {
				changed[key] = restoreEmpty(value, original[key])
			}
		}
	case []any:
		switch original := original.(type) {
		case map[string]any:
			if len(changed) == 0 {
				return original
			}
		case []any:
			for index := range changed {
				if index < len(original) {
					changed[index] = restoreEmpty(changed[index], original[index])
				}
			}
		}
	}
	return changed
}

// runLua runs a script on the object as Argo CD does for a script of argocd-cm: without the libraries for strings, files and
// processes. What it returns has to be a table, and comes as JSON.
func runLua(object *unstructured.Unstructured, script string) ([]byte, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	state.SetContext(ctx)
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return nil, err
		}
	}
	state.PreloadModule(lua.OsLibName, clock)
	state.SetGlobal("obj", value(state, object.Object))
	if err := state.DoString(script); err != nil {
		return nil, err
	}
	returned := state.Get(-1)
	if returned.Type() != lua.LTTable {
		return nil, fmt.Errorf("expect table output from Lua script, not %s", returned.Type())
	}
	encoded, err := luajson.Encode(returned)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(encoded, []byte("[]")) {
		return []byte("{}"), nil
	}
	return encoded, nil
}

// clock is what `require("os")` gives: the two functions that tell the time.
func clock(state *lua.LState) int {
	// The whole library is opened in a state of its own, which the script never sees.
	whole := lua.NewState(lua.Options{SkipOpenLibs: true})
	lua.OpenOs(whole)
	library := whole.GetGlobal(lua.OsLibName)
	safe := state.NewTable()
	for _, name := range []string{"time", "date"} {
		if function, ok := whole.GetField(library, name).(*lua.LFunction); ok {
			safe.RawSetString(name, state.NewFunction(function.GFunction))
		}
	}
	state.Push(safe)
	return 1
}

func value(state *lua.LState, from any) lua.LValue {
	switch from := from.(type) {
	case bool:
		return lua.LBool(from)
	case string:
		return lua.LString(from)
	case int64:
		return lua.LNumber(from)
	case float64:
		return lua.LNumber(from)
	case []any:
		list := state.CreateTable(len(from), 0)
		for _, item := range from {
			list.Append(value(state, item))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(from))
		for key, item := range from {
			table.RawSetString(key, value(state, item))
		}
		return table
	}
	return lua.LNil
}
