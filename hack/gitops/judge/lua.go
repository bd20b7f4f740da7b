package main

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// The libraries that Argo CD gives a health check unless `useOpenLibs` is set, without its own small `os`.
var libraries = map[string]lua.LGFunction{
	lua.LoadLibName: lua.OpenPackage,
	lua.BaseLibName: lua.OpenBase,
	lua.TabLibName:  lua.OpenTable,
}

// Runs a health check with the object as `obj`; the check returns a table.
func healthOf(object map[string]any, script string) (health, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range libraries {
		err := state.CallByParam(lua.P{Fn: state.NewFunction(open), NRet: 0, Protect: true}, lua.LString(name))
		if err != nil {
			return health{}, err
		}
	}
	state.SetGlobal("obj", valueOf(state, object))
	if err := state.DoString(script); err != nil {
		return health{}, err
	}
	returned, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return health{}, fmt.Errorf("the check returned %s, not a table", state.Get(-1).Type())
	}
	status, isText := returned.RawGetString("status").(lua.LString)
	if !isText {
		return health{}, fmt.Errorf("the check returned no status")
	}
	return health{Status: string(status), Message: lua.LVAsString(returned.RawGetString("message"))}, nil
}

func valueOf(state *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case nil:
		return lua.LNil
	case bool:
		return lua.LBool(v)
	case string:
		return lua.LString(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case []any:
		table := state.CreateTable(len(v), 0)
		for _, item := range v {
			table.Append(valueOf(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(v))
		for key, item := range v {
			table.RawSetString(key, valueOf(state, item))
		}
		return table
	}
	panic(fmt.Sprintf("JSON has no %T", value))
}
