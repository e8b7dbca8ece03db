# What audgate's core decides for these questions, as one would write it for OPA's own server: signature, issuer, type,
# audience, lifetime and scope, with the registry as data.
package bench

import data.bench_registry

default decide := {"allow": false, "reasons": ["undecided"]}

decide := {"allow": count(reasons) == 0, "reasons": reasons}

decoded := io.jwt.decode_verify(input.token, {"cert": bench_registry.jwks, "aud": input.server})

valid := decoded[0]

header := decoded[1]

claims := decoded[2]

server := bench_registry.servers[input.server]

reasons contains "server_unknown" if not server

# Signature, exp, nbf or aud: the built-in judges them together.
reasons contains "token_invalid" if not valid

reasons contains "token_type_not_allowed" if {
	valid
	header.typ != "at+jwt"
}

reasons contains "issuer_not_trusted" if {
	valid
	not claims.iss in server.issuers
}

reasons contains "lifetime_exceeded" if {
	valid
	claims.exp - claims.iat > server.max_lifetime_seconds
}

reasons contains "tool_unknown" if not server.tools[input.call.tool]

reasons contains "scope_insufficient" if {
	valid
	some scope in server.tools[input.call.tool].scopes
	not scope in split(claims.scope, " ")
}
