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
