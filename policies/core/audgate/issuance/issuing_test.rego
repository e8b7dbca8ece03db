# Requests that every issuance rule accepts, for the tests of all of them.
package audgate.issuance.issuing_test

now := 1795435200

files := {
	"key": "files",
	"resource": "https://files.example.com/mcp",
	"issuers": ["corp"],
	"max_lifetime_seconds": 900,
	"advertised_scopes": ["files:read"],
	"known_scopes": ["files:read", "files:write", "files:admin"],
	"sender_constraint": "dpop",
}

corp := {"key": "corp", "issuer": "https://login.example.com", "disabled": false}

idp := {"key": "idp", "issuer": "https://idp.example.com", "disabled": false}

of_files := {"value": files.resource, "sent_as": "resource", "stands_for": "server", "server": "files"}

of_billing := {
	"value": "https://billing.example.com/mcp", "sent_as": "resource",
	"stands_for": "server", "server": "billing",
}

of_nothing := {"value": "https://other.example.com/", "sent_as": "resource", "stands_for": "nothing"}

to_corp := {"value": corp.issuer, "sent_as": "audience", "stands_for": "issuer", "issuer": "corp"}

fresh := {
	"now": now,
	"request": {"grant": "authorization_request", "client_id": "client-1", "resources": 1, "audiences": 0},
	"targets": [of_files],
	"registered": {"issuer": corp, "server": files, "exchanges": []},
	"context": {"caller": "login"},
}

bound := {
	"servers": ["files"], "others": 0, "repeated": true, "to_client": false,
	"client_id": "client-1", "scopes": ["files:read", "openid"],
}

jwt_bearer := "urn:ietf:params:oauth:grant-type:jwt-bearer"

token_exchange := "urn:ietf:params:oauth:grant-type:token-exchange"

# `granting("refresh_token")`: a grant that was made for the same server and client.
granting(grant) := object.union(fresh, {"request": {"grant": grant}, "bound": bound})

edge := {"from": "hub", "to": "files", "client": "client-1", "issuer": "corp", "scopes": ["files:read", "files:list"]}

exchanging := object.union(granting(token_exchange), {
	"bound": {"servers": ["hub"], "repeated": false, "client_id": "agent", "scopes": ["hub:use"]},
	"registered": {"exchanges": [edge]},
})

asserting := object.union(granting(token_exchange), {
	"request": {"audiences": 1, "requested_token_type": "urn:ietf:params:oauth:token-type:id-jag"},
	"targets": [of_files, to_corp],
	"bound": {"servers": [], "others": 1, "repeated": false, "to_client": true, "scopes": ["openid"]},
	"registered": {"issuer": idp, "recipient": corp},
})

all := {
	"authorization_request": fresh,
	"client_credentials": object.union(fresh, {"request": {"grant": "client_credentials"}}),
	"authorization_code": granting("authorization_code"),
	"refresh_token": granting("refresh_token"),
	"jwt-bearer": granting(jwt_bearer),
	"narrowing": granting(token_exchange),
	"exchange": exchanging,
	"id-jag": asserting,
}

having(request, changes) := object.union(request, changes)

without(request, path) := json.remove(request, [path])
