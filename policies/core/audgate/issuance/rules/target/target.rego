# METADATA
# scope: package
# title: The request names exactly one registered server that trusts the issuer
# description: |
#   One resource, one audience, or one of each for the same server. For an ID-JAG: the server's resource, and as audience
#   the issuer that the server trusts.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc8707#section-2
#     description: RFC 8707 §2, resource and invalid_target
#   - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
#     description: RFC 8693 §2.1, audience beside resource
# schemas:
#   - input: schema.issuance
# custom:
#   reasons: [resource_missing, resource_multiple, resource_unregistered, resource_generic]
package audgate.issuance.rules.target

import data.audgate.issuance.asked

default satisfied := false

satisfied if {
	not asked.id_jag
	input.request.resources + input.request.audiences > 0
	single
	count(input.targets) > 0
	every target in input.targets { is_the_server(target) }
	trusts(input.registered.issuer.key)
}

satisfied if {
	asked.id_jag
	input.request.resources == 1
	input.request.audiences == 1
	the_resource
	the_recipient
}

denials contains {"code": "resource_missing"} if input.request.resources + input.request.audiences == 0

denials contains {"code": "resource_missing"} if {
	asked.id_jag
	0 in [input.request.resources, input.request.audiences]
}

denials contains {"code": "resource_multiple"} if input.request.resources > 1

denials contains {"code": "resource_multiple"} if input.request.audiences > 1

denials contains {"code": "resource_multiple"} if {
	few
	not asked.id_jag
	not single
}

denials contains {"code": "resource_generic", "actual": [target.value]} if {
	some target in input.targets
	target.stands_for == "platform"
}

denials contains {"code": "resource_unregistered", "actual": [target.value]} if {
	some target in input.targets
	target.stands_for == "nothing"
}

denials contains {"code": "resource_unregistered", "actual": [target.value]} if {
	not asked.id_jag
	some target in input.targets
	is_the_server(target)
	not trusts(input.registered.issuer.key)
}

# An ID-JAG is for an issuer, and of an issuer that the server trusts.
denials contains {"code": "resource_unregistered", "actual": [target.value]} if {
	asked.id_jag
	some target in input.targets
	target.sent_as == "audience"
	target.stands_for == "server"
}

denials contains {"code": "resource_unregistered", "actual": [target.value]} if {
	asked.id_jag
	some target in input.targets
	target.stands_for == "issuer" # redundant: nothing else has an issuer
	input.registered.server
	not trusts(target.issuer)
}

few if {
	input.request.resources <= 1
	input.request.audiences <= 1
}

# All that was sent is for one: which of several values a token was issued for, its holder would choose.
single if {
	few
	count({named(target) | some target in input.targets}) <= 1
}

named(target) := target.server

named(target) := target.value if not target.server

is_the_server(target) if {
	target.stands_for == "server"
	target.server == input.registered.server.key
}

trusts(issuer) if issuer in input.registered.server.issuers

the_resource if {
	some target in input.targets
	target.sent_as == "resource"
	is_the_server(target)
}

the_recipient if {
	some target in input.targets
	target.sent_as == "audience"
	target.stands_for == "issuer"
	target.issuer == input.registered.recipient.key
	trusts(target.issuer)
}
