# METADATA
# scope: package
# title: Waivers
# description: |
#   Listed, owned and dated exceptions. A waiver is for one issuer, one client and listed operations; what else it
#   asks is said by the rule that it waives, and by the decision for those that only observe.
package audgate.waivers

# Whether it ended is another matter, so that an ended waiver can be named in a denial.
names_call(waiver) if {
	waiver.issuer == input.registered.issuer.key
	waiver.client_id == input.token.client_id
	input.registered.operation.name in waiver.operations
}

in_force(waiver) if input.now < waiver.until_seconds

# The denial beside the one that the waiver no longer covers: what was expected is a call before its end.
expired(waiver) := {"code": "waiver_expired", "expected": [waiver.until]}

# What the answer's advice shows of a waiver.
use(waiver) := {"what": waiver.what, "owner": waiver.owner, "until": waiver.until}

# As names_call, for a call that the registry may not open: then it has no record, and its name is made of the call.
observes_call(waiver) if {
	waiver.what == "observe"
	waiver.issuer == input.registered.issuer.key
	waiver.client_id == input.token.client_id
	asked in waiver.operations
}

asked := input.registered.operation.name if {
	input.registered.operation # redundant: its value needs it
} else := concat(" ", [input.call.method, input.call.tool]) if {
	targets == {"tool"}
	input.call.method == "tools/call"
} else := concat(" ", [input.call.method, input.call.prompt]) if {
	targets == {"prompt"}
	input.call.method in ["prompts/get", "completion/complete"]
} else := concat(" ", [input.call.method, input.call.uri]) if {
	targets == {"uri"}
	input.call.method in ["resources/read", "resources/subscribe", "resources/unsubscribe", "completion/complete"]
} else := input.call.method if {
	targets == {"task"}
	input.call.method in ["tasks/get", "tasks/result", "tasks/update", "tasks/cancel"]
} else := concat(" ", array.concat([input.call.method], listened)) if {
	# Not `<=`, which orders sets in Rego and does not compare their members.
	count(targets - {"lists", "uris", "tasks"}) == 0
	input.call.method == "subscriptions/listen"

	# Such a name must not be that of other targets.
	every target in listened { not contains(target, " ") }
} else := input.call.method if {
	targets == set()

	# A method is one word; with a space it could pass for another with its target.
	not contains(input.call.method, " ")
}

targets := object.keys(input.call) - {"method", "arguments"}

listened := array.concat(
	object.get(input.call, "lists", []),
	array.concat(object.get(input.call, "uris", []), object.get(input.call, "tasks", [])),
)
