# METADATA
# scope: package
# title: The registry opens this operation
# description: |
#   Nothing is open by default: a method, tool, prompt or resource that the registry does not know at this server is
#   refused, whatever scopes the token holds.
# related_resources:
#   - ref: https://modelcontextprotocol.io/specification
#     description: Model Context Protocol, methods and their targets
# custom:
#   reasons: [method_unknown, tool_unknown, prompt_unknown, resource_unknown]
package audgate.rules.operation

default satisfied := false

satisfied if is_string(input.registered.operation.name)

denials contains {"code": code, "actual": actual} if not satisfied

code := "tool_unknown" if {
	input.call.method == "tools/call"
	input.call.tool
} else := "prompt_unknown" if {
	input.call.method == "prompts/get"
	input.call.prompt
} else := "resource_unknown" if {
	input.call.method in ["resources/read", "resources/subscribe", "resources/unsubscribe"]
	input.call.uri
} else := "method_unknown"

# The operations open at the server are not in the input.
expected := []

default actual := []

actual := [input.call.tool] if {
	code == "tool_unknown"
} else := [input.call.prompt] if {
	code == "prompt_unknown"
} else := [input.call.uri] if {
	code == "resource_unknown"
} else := [input.call.method]
