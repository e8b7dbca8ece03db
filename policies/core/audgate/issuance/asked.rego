# METADATA
# scope: package
# title: What several issuance rules ask about a request
# schemas:
#   - input: schema.issuance
package audgate.issuance.asked

token_exchange := "urn:ietf:params:oauth:grant-type:token-exchange"

# Grants that were made once, by the user or by another authorization server, and are used now.
held_grants := {"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"}

held if input.request.grant in held_grants

exchange if input.request.grant == token_exchange

# An identity provider is asked for an assertion that another authorization server will take.
id_jag if {
	exchange
	input.request.requested_token_type == "urn:ietf:params:oauth:token-type:id-jag"
}

# The one server that a grant was made for, or a subject token is for.
origin := input.bound.servers[0] if {
	count(input.bound.servers) == 1
	input.bound.others == 0
}

same_client if input.bound.client_id == input.request.client_id
