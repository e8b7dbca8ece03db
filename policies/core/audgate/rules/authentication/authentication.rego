# METADATA
# scope: package
# title: The user was authenticated as this operation asks
# description: |
#   The registry says, per operation, in which ways (acr) and how recently (auth_time) the user must have been
#   authenticated. An operation that asks nothing is satisfied by any token; what a token does not say is not proved.
#   What is asked of a method and of its target holds together.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc9470#section-3
#     description: RFC 9470 §3, insufficient_user_authentication
#   - ref: https://www.rfc-editor.org/rfc/rfc9068#section-2.2.1
#     description: RFC 9068 §2.2.1, acr and auth_time in access tokens
# custom:
#   reasons: [authentication_insufficient]
package audgate.rules.authentication

default satisfied := false

# An unknown operation asks what nobody knows: then this is neither satisfied nor denied, and `operation` denies.
satisfied if required == null

satisfied if {
	accepted
	recent
}

# Null: nothing.
required := object.get(input.registered.operation, "authentication", null)

accepted if object.get(required, "acr_values", null) == null

# Compared byte for byte; no value stands for a stronger one.
accepted if input.token.authentication_context in required.acr_values

recent if object.get(required, "max_age_seconds", null) == null

# A time that lies ahead says nothing about how long ago it was.
recent if {
	age <= required.max_age_seconds + tolerance
	age >= 0 - tolerance
}

# Seconds since the user was last authenticated.
age := input.now - input.token.authenticated_at

# Tolerance for the difference between the issuer's clock and ours.
tolerance := input.registered.issuer.clock_tolerance_seconds

denials contains {"code": "authentication_insufficient", "expected": expected, "actual": actual} if {
	input.registered.operation
	not satisfied
}

# Texts are acr values, the number is seconds.
default expected := []

expected := array.concat(
	object.get(required, "acr_values", []),
	[seconds | seconds := required.max_age_seconds],
)

actual := array.concat([context | context := input.token.authentication_context], [seconds | seconds := age])
