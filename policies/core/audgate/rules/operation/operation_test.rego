package audgate.rules.operation_test

import data.audgate.rules.operation
import data.audgate.testing

unknown := testing.without("registered/operation")

test_a_registered_operation_satisfies if {
	operation.satisfied with input as testing.valid
	count(operation.denials) == 0 with input as testing.valid
}

denied(call) := result if {
	result := operation.denials with input as unknown with input.call as call
}

test_unknown_targets_are_named if {
	denied({"method": "tools/call", "tool": "drop"}) == {{"code": "tool_unknown", "actual": ["drop"]}}
	denied({"method": "prompts/get", "prompt": "sum"}) == {{"code": "prompt_unknown", "actual": ["sum"]}}
	every method in ["resources/read", "resources/subscribe", "resources/unsubscribe"] {
		denied({"method": method, "uri": "file:///x"}) == {{"code": "resource_unknown", "actual": ["file:///x"]}}
	}
}

test_unknown_methods_are_named if {
	every call in [
		{"method": "completion/complete"}, {"method": "tasks/get", "task": "t"},
		{"method": "tools/call", "task": "t"}, {"method": "made/up", "tool": "read_file"},
		{"method": "made/up", "prompt": "sum"}, {"method": "made/up", "uri": "file:///x"},
		{"method": "tools/call"}, {"method": "prompts/get"}, {"method": "resources/read"},
	] {
		denied(call) == {{"code": "method_unknown", "actual": [call.method]}}
	}
}

test_an_unknown_operation_does_not_satisfy if not operation.satisfied with input as unknown

test_an_operation_without_a_name_does_not_satisfy if {
	not operation.satisfied with input as testing.valid with input.registered.operation as {}
	not operation.satisfied with input as testing.valid with input.registered.operation as true
}

test_nothing_known_satisfies_nothing if {
	not operation.satisfied with input as {}
	operation.actual == [] with input as {}
}
