# METADATA
# scope: package
# title: The token is held by the party it was issued to
# description: |
#   Each binding in the token (cnf) is enforced, whatever the server asks for: the proof that came with the call must be of
#   the very key or certificate. Besides, the registry can require a binding. Whether a proof is a right one is a fact; one
#   that is not comes as `refused`, with the code that denies it.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc9449#section-7.1
#     description: RFC 9449 §7.1, a DPoP-bound token without a matching proof must be refused
#   - ref: https://www.rfc-editor.org/rfc/rfc8705#section-3
#     description: RFC 8705 §3, certificate-bound access tokens
# custom:
#   reasons:
#     - proof_missing
#     - proof_invalid
#     - proof_mismatch
#     - proof_nonce_required
#     - certificate_missing
#     - certificate_mismatch
#     - binding_mismatch
#     - token_not_bound
package audgate.rules.sender_constraint

default satisfied := false

satisfied if {
	proved == bindings
	required_is_proved
	count(refused) == 0
}

# The token's bindings by their names in cnf. Undefined of one that is empty or no object: it binds to nothing that is known.
bindings := set() if unbound

bindings := object.keys(input.token.confirmation) if count(input.token.confirmation) > 0

# Not `not input.token.confirmation`: a confirmation of false must not pass for none.
unbound if object.get(input.token, "confirmation", null) == null

# Those that the call proved to be of the same key or certificate.
proved contains "jkt" if input.proof.dpop.jkt == input.token.confirmation.jkt

proved contains "x5t#S256" if input.proof.mtls["x5t#S256"] == input.token.confirmation["x5t#S256"]

required_is_proved if input.registered.server.sender_constraint == "none"

required_is_proved if {
	input.registered.server.sender_constraint == "dpop"
	"jkt" in proved
}

required_is_proved if {
	input.registered.server.sender_constraint == "mtls"
	"x5t#S256" in proved
}

required_is_proved if {
	input.registered.server.sender_constraint == "any"
	count(proved) > 0
}

# A client that shows a DPoP proof means it. A certificate stands on every connection that a gateway ends, and matters only
# to a token that is bound to one.
refused contains input.proof.dpop.refused

refused contains input.proof.mtls.refused if "x5t#S256" in bindings

denials contains {"code": code} if some code in refused

denials contains {"code": "proof_missing", "expected": ["dpop"]} if {
	"jkt" in bindings
	not input.proof.dpop
}

denials contains {"code": "proof_mismatch"} if input.proof.dpop.jkt != object.get(input.token, ["confirmation", "jkt"], null)

denials contains {"code": "certificate_missing", "expected": ["mtls"]} if {
	"x5t#S256" in bindings
	not input.proof.mtls
}

denials contains {"code": "certificate_mismatch"} if input.proof.mtls["x5t#S256"] != input.token.confirmation["x5t#S256"]

denials contains {"code": "binding_mismatch", "expected": ["jkt", "x5t#S256"], "actual": actual} if not verifiable

denials contains {"code": "token_not_bound", "expected": required} if {
	verifiable
	count(required) > 0
	count({kind | some kind in required; name_of[kind] in bindings}) == 0
	not "token_not_bound" in refused
}

# Nothing else stands in cnf: what a binding that nobody verifies would ask for, nobody knows.
verifiable if bindings - {"jkt", "x5t#S256"} == set()

name_of := {"dpop": "jkt", "mtls": "x5t#S256"}

default required := []

required := ["dpop", "mtls"] if input.registered.server.sender_constraint == "any"

required := [input.registered.server.sender_constraint] if input.registered.server.sender_constraint in ["dpop", "mtls"]

# For explain: what the token or the server asks the call to prove.
expected := [kind | some kind, name in name_of; asked(kind, name)]

asked(_, name) if name in bindings

asked(kind, _) if kind in required

# The names of the binding's members, never its values.
actual := [member | some member in object.keys(input.token.confirmation)]
