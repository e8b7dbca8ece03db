# METADATA
# scope: package
# title: The token is in its lifetime, and that is short
# description: |
#   Whole seconds, with the issuer's clock tolerance: the token has begun, has not ended, and neither its whole life nor
#   what is left of it exceeds the server's limit. A waiver raises the limit alone, for one client and listed
#   operations, until its end.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc9068#section-2.2
#     description: RFC 9068 §2.2, exp and iat are required
#   - ref: https://www.rfc-editor.org/rfc/rfc9700#section-2.2
#     description: RFC 9700 §2.2, access tokens should be short-lived
# custom:
#   reasons: [lifetime_missing, token_expired, token_not_yet_valid, lifetime_exceeded, waiver_expired]
package audgate.rules.lifetime

import data.audgate.waivers

default satisfied := false

satisfied if {
	timely
	within(input.registered.server.max_lifetime_seconds)
}

satisfied if {
	timely
	some waiver in covering
	waivers.in_force(waiver)
	within(waiver.max_lifetime_seconds)
}

# Tolerance for the difference between the issuer's clock and ours.
tolerance := input.registered.issuer.clock_tolerance_seconds

timely if {
	not_ended
	begun
}

# exp is the first second at which the token is no longer good (RFC 7519 §4.1.4).
not_ended if input.now < input.token.expires_at + tolerance

begun if {
	input.token.issued_at <= input.now + tolerance

	# A token without nbf holds from the start; the subtraction fails on whatever is no number.
	object.get(input.token, "not_before", 0) - tolerance <= input.now
}

# exp − now as well: an iat that lies ahead within the tolerance must not lengthen the life.
within(seconds) if {
	input.token.expires_at - input.token.issued_at <= seconds
	input.token.expires_at - input.now <= seconds + tolerance
}

denials contains {"code": "lifetime_missing", "expected": ["exp", "iat"], "actual": present} if {
	not satisfied # redundant: it takes both
	count(present) < 2
}

denials contains {
	"code": "token_expired",
	"expected": [input.now - tolerance],
	"actual": [input.token.expires_at],
} if {
	not satisfied # redundant: it takes a time before the end
	not not_ended
}

denials contains {"code": "token_not_yet_valid", "expected": [input.now + tolerance], "actual": ahead} if {
	not satisfied # redundant: it takes a time after both
	count(ahead) > 0
}

denials contains {"code": "lifetime_exceeded", "expected": [limit], "actual": [excess]} if not satisfied # redundant: an excess does not

# Only where the limit is exceeded: a token that is merely expired needs no longer limit.
denials contains waivers.expired(waiver) if {
	not satisfied # redundant: an excess does not satisfy
	excess
	some waiver in covering
	not waivers.in_force(waiver) # redundant: one in force would raise the limit
	within(waiver.max_lifetime_seconds)
}

present := [claim |
	some claim, member in {"exp": "expires_at", "iat": "issued_at"}
	is_number(input.token[member])
]

ahead := [begin |
	some member in ["issued_at", "not_before"]
	begin := input.token[member]
	begin > input.now + tolerance
]

# Without iat, what is left of the life can still be judged.
excess := life if {
	life > limit
} else := rest if {
	rest > limit + tolerance
}

life := input.token.expires_at - input.token.issued_at

rest := input.token.expires_at - input.now

# The server's, or the longest that a waiver in force allows.
limit := max({input.registered.server.max_lifetime_seconds} | {waiver.max_lifetime_seconds |
	some waiver in covering
	waivers.in_force(waiver)
})

# Waivers of the limit for this issuer, client and operation, ended ones too.
covering contains waiver if {
	some waiver in input.registered.waivers
	waiver.what == "lifetime"
	waivers.names_call(waiver)
}

# Waivers without which this rule would deny.
used contains waivers.use(waiver) if {
	some waiver in covering
	not within(input.registered.server.max_lifetime_seconds)
	waivers.in_force(waiver)
	within(waiver.max_lifetime_seconds)
}

default expected := []

expected := [limit]

default actual := []

actual := [life] if {
	life # redundant: its value needs it
} else := [rest]
