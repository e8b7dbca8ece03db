# METADATA
# scope: package
# title: The party that acts for the subject is accepted here
# description: |
#   A token that names an actor was issued to someone who acts for the subject. The registry says whose tokens of that
#   kind a server takes; a token without actor always passes.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.1
#     description: RFC 8693 §4.1, the act claim, of which the outermost actor counts
# custom:
#   reasons: [actor_not_allowed]
package audgate.rules.delegation

default satisfied := false

satisfied if object.get(input.token, "actor", null) == null

satisfied if input.registered.server.actors == "any"

# A list: in the text "none" nothing is a member.
satisfied if input.token.actor in input.registered.server.actors

denials contains {"code": "actor_not_allowed", "expected": expected, "actual": actual} if not satisfied

default expected := []

expected := input.registered.server.actors if {
	is_array(input.registered.server.actors)
} else := [input.registered.server.actors]

default actual := []

actual := [input.token.actor]
