# METADATA
# scope: package
# title: A call that every core rule accepts
# description: |
#   Tests start from it and change what they are about:
#   `rule.satisfied with input as testing.valid with input.token.scopes as []`.
package audgate.testing

# 2026-11-23T12:00:00Z, a Monday.
now := 1795435200

valid := {
	"now": now,
	"time": {"weekday": 1, "hour": 12, "minute": 0, "date": "2026-11-23"},
	"call": {"method": "tools/call", "tool": "read_file"},
	"token": {
		"type": "at+jwt",
		"algorithm": "ES256",
		"key_id": "key-1",
		"audiences": ["https://files.example.com/mcp"],
		"scopes": ["files:read"],
		"subject": "user-1",
		"client_id": "client-1",
		"issued_at": now,
		"expires_at": now + 300,
	},
	"registered": {
		"server": {
			"key": "files",
			"resource": "https://files.example.com/mcp",
			"audiences": ["https://files.example.com/mcp", "api://files"],
			"issuers": ["corp"],
			"max_lifetime_seconds": 900,
			"sender_constraint": "none",
			"actors": "none",
			"labels": {},
		},
		"issuer": {
			"key": "corp",
			"issuer": "https://login.example.com",
			"extra_audiences": ["account"],
			"clock_tolerance_seconds": 5,
		},
		"operation": {
			"name": "tools/call read_file",
			"scopes": ["files:read"],
			"implied_by": {"files:read": ["files:admin"]},
			"labels": {},
		},
		"waivers": [],
		"elsewhere": [],
	},
	"context": {"caller": "local"},
}

# The same call without one member, named by its path: `without("token/actor")`.
without(path) := json.remove(valid, [path])

codes(denials) := {denial.code | some denial in denials}

# A call of each kind of method, with the name of its operation.
calls := {
	"tools/call": {"call": {"method": "tools/call", "tool": "read_file"}, "name": "tools/call read_file"},
	"prompts/get": {"call": {"method": "prompts/get", "prompt": "summary"}, "name": "prompts/get summary"},
	"resources/read": {
		"call": {"method": "resources/read", "uri": "file:///docs/a.md"},
		"name": "resources/read file:///docs/a.md",
	},
	"completion/complete": {
		"call": {"method": "completion/complete", "prompt": "summary"},
		"name": "completion/complete summary",
	},
	"subscriptions/listen": {
		"call": {"method": "subscriptions/listen", "lists": ["tools/list"], "uris": [], "tasks": []},
		"name": "subscriptions/listen tools/list",
	},
	"tasks/get": {"call": {"method": "tasks/get", "task": "task-1"}, "name": "tasks/get"},
	"tools/list": {"call": {"method": "tools/list"}, "name": "tools/list"},
}

# The same input for a call of another method, one of `calls`: `testing.calling("prompts/get")`.
calling(method) := object.union(json.remove(valid, ["call"]), {
	"call": calls[method].call,
	"registered": {"operation": {"name": calls[method].name}},
})
