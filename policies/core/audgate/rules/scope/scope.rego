# METADATA
# scope: package
# title: The token holds every scope that the operation needs
# description: |
#   The method's scopes and the target's together. A required scope is held when the token names it, or a scope that
#   implies it at this server.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
#     description: RFC 6750 §3.1, insufficient_scope
#   - ref: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
#     description: RFC 6749 §3.3, access token scope
# custom:
#   reasons: [scope_insufficient]
package audgate.rules.scope

default satisfied := false

# An unknown operation has no list of scopes: then this is neither satisfied nor denied, and `operation` denies.
satisfied if {
	is_array(input.registered.operation.scopes)
	every scope in input.registered.operation.scopes { held(scope) }
}

held(scope) if scope in input.token.scopes

held(scope) if {
	some implying in input.registered.operation.implied_by[scope]
	implying in input.token.scopes
}

denials contains {"code": "scope_insufficient", "expected": expected, "actual": actual} if {
	input.registered.operation
	not satisfied
}

default expected := []

expected := input.registered.operation.scopes

default actual := []

actual := input.token.scopes
