# METADATA
# scope: package
# title: The scope stays within what was granted, and within what the server knows
# description: |
#   A grant that exists and the client's own token limit the scope to their own; an edge to what it lists. What was requested
#   and means nothing at the server (openid, offline_access) is left out.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc6749#section-6
#     description: RFC 6749 §6, no scope that was not originally granted
# schemas:
#   - input: schema.issuance
# custom:
#   reasons: [scope_exceeds_grant]
package audgate.issuance.rules.scope

import data.audgate.issuance.asked
import data.audgate.issuance.rules.exchange

default satisfied := false

satisfied if {
	ceiling
	count(beyond) == 0
}

denials contains {"code": "scope_exceeds_grant", "expected": limit, "actual": beyond} if count(beyond) > 0

# What was granted. Undefined: nothing was, yet.
limit := input.bound.scopes if granted

limit := edge.scopes if some edge in exchange.edges

granted if asked.held

granted if exchange.narrowing

# In the order of the request.
beyond := [scope | some scope in input.request.scopes; not scope in limit] if granted

beyond := [scope | some scope in input.request.scopes; scope in known; not scope in limit] if {
	count(exchange.edges) > 0
}

beyond := [] if fresh

fresh if input.request.grant in {"authorization_request", "client_credentials"}

fresh if exchange.identified

known := input.registered.server.known_scopes

# All that may be issued. Both are asked for by themselves: a comprehension over what is absent is empty, not undefined.
ceiling := [scope | some scope in wanted; scope in known; within(scope)] if {
	wanted
	known
}

wanted := input.request.scopes

wanted := unasked if not input.request.scopes

# Where the client asks for none.
unasked := limit

unasked := input.registered.server.advertised_scopes if fresh

within(scope) if scope in limit

within(_) if fresh
