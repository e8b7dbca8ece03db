# METADATA
# scope: package
# title: What is issued is for the server that the grant was made for
# description: |
#   A code, a refresh token and an ID-JAG were made for one server and one client, and serve these alone. Nothing is made
#   from what has ended.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc8707#section-2.2
#     description: RFC 8707 §2.2, the resource of a token request is among those of the grant
#   - ref: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
#     description: RFC 6749 §5.2, a grant serves the client that it was issued to
# schemas:
#   - input: schema.issuance
# custom:
#   reasons: [token_expired, resource_changed, exchange_not_allowed]
package audgate.issuance.rules.binding

import data.audgate.issuance.asked

default satisfied := false

# The first of its kind: there is nothing that it could be bound to.
satisfied if {
	input.request.grant in {"authorization_request", "client_credentials"}
	not input.bound
}

satisfied if {
	asked.held
	asked.origin == input.registered.server.key
	asked.same_client # redundant: it would be denied
	count(denials) == 0
}

# Where it may lead is judged by the rule of exchanges.
satisfied if {
	asked.exchange
	input.bound
	count(denials) == 0
}

denials contains {"code": "token_expired", "expected": [input.now], "actual": [input.bound.expires_at]} if {
	input.bound.expires_at <= input.now
}

# Where the same values are asked for again, another rule says what is wrong with them.
denials contains {"code": "resource_changed"} if {
	asked.held
	count(input.targets) > 0
	not asked.origin == input.registered.server.key
	not repeated
}

denials contains {"code": "resource_changed"} if {
	asked.held
	input.registered.server
	not asked.origin == input.registered.server.key
}

denials contains {"code": "exchange_not_allowed"} if {
	asked.held
	not asked.same_client
}

repeated if input.bound.repeated
