# METADATA
# scope: package
# title: The token is held by the party it was issued to
# description: |
#   A binding in the token (cnf) is always enforced, and the registry can require one. This version has no proof to
#   compare a binding with, so only an unbound token at a server that asks for none passes.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc9449#section-7.1
#     description: RFC 9449 §7.1, a DPoP-bound token without a matching proof must be refused
#   - ref: https://www.rfc-editor.org/rfc/rfc8705#section-3
#     description: RFC 8705 §3, certificate-bound access tokens
# custom:
#   reasons: [proof_missing, certificate_missing, binding_mismatch, token_not_bound]
package audgate.rules.sender_constraint

default satisfied := false

satisfied if {
	unbound
	input.registered.server.sender_constraint == "none"
}

denials contains {"code": "proof_missing", "expected": ["dpop"]} if "jkt" in members

denials contains {"code": "certificate_missing", "expected": ["mtls"]} if "x5t#S256" in members

denials contains {"code": "binding_mismatch", "expected": ["jkt", "x5t#S256"], "actual": actual} if {
	not unbound # redundant: members are undefined then
	not "jkt" in members
	not "x5t#S256" in members
}

denials contains {"code": "token_not_bound", "expected": expected} if {
	unbound
	input.registered.server.sender_constraint in ["dpop", "mtls", "any"]
}

# Not `not input.token.confirmation`: a confirmation of false must not pass for none.
unbound if object.get(input.token, "confirmation", null) == null

members := object.keys(input.token.confirmation)

default expected := []

expected := ["dpop", "mtls"] if {
	input.registered.server.sender_constraint == "any"
} else := [] if {
	input.registered.server.sender_constraint == "none"
} else := [input.registered.server.sender_constraint]

# The names of the binding's members, never its values.
actual := [member | some member in members]
