# METADATA
# scope: package
# title: The token is not the one that a hub in front of this server was given
# description: |
#   A hub is the resource that its clients' tokens name, and calls this server with tokens of its own. A token with an
#   accepted audience of such a hub is a client's, passed on: whoever holds it could be anyone whom the hub serves, and a
#   server that took it would be opened by every token for the hub. No waiver observes this.
# related_resources:
#   - ref: https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#access-token-privilege-restriction
#     description: MCP authorization, a server must not pass through the token that it received from its client
#   - ref: https://modelcontextprotocol.io/specification/2025-11-25/basic/security_best_practices#token-passthrough
#     description: MCP security best practices, token passthrough
#   - ref: https://www.rfc-editor.org/rfc/rfc8693#section-1
#     description: RFC 8693 §1, token exchange is how a service gets a token for the next one
# custom:
#   reasons: [token_passthrough]
package audgate.rules.passthrough

default satisfied := false

# Proved of each value: without `aud` there is nothing to prove it of.
satisfied if {
	every value in input.token.audiences { not value in of_hubs }
}

denials contains {"code": "token_passthrough", "expected": expected, "actual": passed} if count(passed) > 0

# Absent where no hub stands in front of the server.
of_hubs := {value | some hub in input.registered.hubs; some value in hub.audiences}

passed := [value | some value in input.token.audiences; value in of_hubs]

default expected := []

expected := input.registered.server.audiences

default actual := []

actual := input.token.audiences
