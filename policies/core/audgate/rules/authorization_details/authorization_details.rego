# METADATA
# scope: package
# title: The server knows every type of authorization details in the token
# description: |
#   Authorization details say in the terms of their type what a token is for. A server that does not know a type cannot
#   keep to it, so the registry lists, per server, the types that it, or a rule for it, understands. A token without
#   authorization details always passes. What the details of a listed type allow is for custom rules and the server.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc9396#section-9
#     description: RFC 9396 §9, authorization details at the resource server
#   - ref: https://www.rfc-editor.org/rfc/rfc9396#section-2
#     description: RFC 9396 §2, the type says what the other members mean
# custom:
#   reasons: [authorization_details_unknown]
package audgate.rules.authorization_details

default satisfied := false

satisfied if details == null

satisfied if {
	is_array(details)
	every detail in details { detail.type in input.registered.server.authorization_details_types }
}

# Null: none.
details := object.get(input.token, "authorization_details", null)

denials contains {"code": "authorization_details_unknown", "expected": expected, "actual": unknown} if not satisfied

default expected := []

expected := input.registered.server.authorization_details_types

# The types alone: what else stands there may be anybody's data.
actual := sort(types)

types contains detail.type if some detail in details

unknown := sort(types - {known | some known in expected})
