# METADATA
# scope: package
# title: The token was issued for this server, and for nothing else
# description: |
#   One value of aud at least is an accepted audience of this server, byte for byte, and every other value is another
#   of them or one that the issuer adds to all its tokens. A waiver accepts one listed value in their place, for one
#   client and listed operations, until its end.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3
#     description: RFC 7519 §4.1.3, a principal that is not in aud must reject the token
#   - ref: https://www.rfc-editor.org/rfc/rfc9728#section-6
#     description: RFC 9728 §6, identifiers are compared without normalisation
#   - ref: https://www.rfc-editor.org/rfc/rfc8707#section-2
#     description: RFC 8707 §2, a token for several resources lets each replay it at the others
# custom:
#   reasons: [audience_missing, audience_mismatch, audience_not_exclusive, waiver_expired]
package audgate.rules.audience

import data.audgate.waivers

default satisfied := false

satisfied if exclusive

satisfied if {
	some waiver in covering
	waivers.in_force(waiver)
}

denials contains {"code": "audience_missing", "expected": expected} if input.token.audiences == []

denials contains {"code": "audience_mismatch", "expected": expected, "actual": actual} if {
	not satisfied
	not accepted
	count(input.token.audiences) > 0
}

# Any server that a second value names could replay the token here, and this one there.
denials contains {"code": "audience_not_exclusive", "expected": expected, "actual": actual} if {
	not satisfied
	accepted
}

denials contains waivers.expired(waiver) if {
	not satisfied
	some waiver in covering
	not waivers.in_force(waiver) # redundant: one in force would satisfy
}

exclusive if {
	accepted
	every value in input.token.audiences { own_or_extra(value) }
}

accepted if {
	some value in input.token.audiences
	value in input.registered.server.audiences
}

own_or_extra(value) if value in input.registered.server.audiences

own_or_extra(value) if value in input.registered.issuer.extra_audiences

# Waivers for exactly this audience, issuer, client and operation, ended ones too.
covering contains waiver if {
	some waiver in input.registered.waivers
	waiver.what == "audience"
	input.token.audiences == [waiver.audience]
	waivers.names_call(waiver)
}

# Waivers without which this rule would deny.
used contains waivers.use(waiver) if {
	some waiver in covering
	not exclusive
	waivers.in_force(waiver)
}

default expected := []

expected := input.registered.server.audiences

default actual := []

actual := input.token.audiences
