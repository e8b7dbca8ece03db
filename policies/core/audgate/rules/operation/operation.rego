# METADATA
# scope: package
# title: The registry opens this operation
# description: |
#   Nothing is open by default: a method, tool, prompt, resource or task that the registry does not know at this server
#   is refused, whatever scopes the token holds. A subscription is refused for any one of its targets.
# related_resources:
#   - ref: https://modelcontextprotocol.io/specification
#     description: Model Context Protocol, methods and their targets
# custom:
#   reasons: [method_unknown, tool_unknown, prompt_unknown, resource_unknown, task_unknown]
package audgate.rules.operation

default satisfied := false

satisfied if is_string(input.registered.operation.name)

denials contains found if not satisfied

# The tasks of a subscription whose resources are the first thing found.
denials contains {"code": "task_unknown", "actual": input.registered.unlisted.tasks} if {
	not satisfied
	input.call.method == "subscriptions/listen"
	count(input.registered.unlisted.tasks) > 0
}

found := {"code": "tool_unknown", "actual": [input.call.tool]} if {
	input.call.method == "tools/call"
	input.call.tool # redundant: its value needs it
} else := {"code": "prompt_unknown", "actual": [input.call.prompt]} if {
	input.call.method in ["prompts/get", "completion/complete"]
	input.call.prompt # redundant: its value needs it
} else := {"code": "resource_unknown", "actual": [input.call.uri]} if {
	input.call.method in ["resources/read", "resources/subscribe", "resources/unsubscribe", "completion/complete"]
	input.call.uri # redundant: its value needs it
} else := {"code": "task_unknown", "actual": [input.call.task]} if {
	input.call.method in ["tasks/get", "tasks/result", "tasks/update", "tasks/cancel"]
	input.call.task # redundant: its value needs it
} else := {"code": "resource_unknown", "actual": input.registered.unlisted.uris} if {
	input.call.method == "subscriptions/listen"
	count(input.registered.unlisted.uris) > 0
} else := {"code": "task_unknown", "actual": input.registered.unlisted.tasks} if {
	input.call.method == "subscriptions/listen"
	count(input.registered.unlisted.tasks) > 0
} else := {"code": "method_unknown", "actual": [input.call.method]} if {
	input.call.method # redundant: its value needs it
} else := {"code": "method_unknown", "actual": []}

# The operations open at the server are not in the input.
expected := []

actual := found.actual
