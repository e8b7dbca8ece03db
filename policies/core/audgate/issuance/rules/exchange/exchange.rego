# METADATA
# scope: package
# title: A token of one server becomes a token of another only where an exchange is registered
# description: |
#   A client may narrow its own token for the same server. Any other exchange needs an edge {from, to, client, scopes}
#   of the registry, for exactly these; edges do not add up to ways. For an ID-JAG, an ID token of the client itself
#   is enough.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
#     description: RFC 8693 §2.1, token exchange
# schemas:
#   - input: schema.issuance
# custom:
#   reasons: [exchange_not_allowed]
package audgate.issuance.rules.exchange

import data.audgate.issuance.asked

default satisfied := false

satisfied if input.request.grant in asked.held_grants

satisfied if input.request.grant in {"authorization_request", "client_credentials"}

satisfied if {
	known_type
	narrowing
}

satisfied if {
	known_type
	count(edges) == 1
}

satisfied if identified

denials contains {"code": "exchange_not_allowed"} if {
	asked.exchange
	input.registered.server
	not satisfied
}

# The client's own token, for the same server again.
narrowing if {
	asked.exchange
	asked.origin == input.registered.server.key
	asked.same_client
}

# An ID token has its client as audience (OpenID Connect Core §2), and opens no server.
identified if {
	asked.id_jag
	input.bound.to_client
	asked.same_client
}

edges contains edge if {
	asked.exchange
	not narrowing
	some edge in input.registered.exchanges
	edge.from == asked.origin
	edge.to == input.registered.server.key
	edge.client == input.request.client_id
	edge.issuer == acting
}

# Who issues the token that the server will be shown.
acting := input.registered.recipient.key if asked.id_jag # redundant: nobody else has a recipient

acting := input.registered.issuer.key if not asked.id_jag

# Refresh tokens, ID tokens and assertions of other kinds are bound to no server.
known_type if not input.request.requested_token_type

known_type if {
	input.request.requested_token_type in {
		"urn:ietf:params:oauth:token-type:access_token",
		"urn:ietf:params:oauth:token-type:jwt",
		"urn:ietf:params:oauth:token-type:id-jag",
	}
}
