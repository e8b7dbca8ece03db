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
	every method in ["tasks/get", "tasks/result", "tasks/update", "tasks/cancel"] {
		denied({"method": method, "task": "t"}) == {{"code": "task_unknown", "actual": ["t"]}}
	}
}

test_unknown_completions_are_named if {
	prompt := {"method": "completion/complete", "prompt": "sum"}
	denied(prompt) == {{"code": "prompt_unknown", "actual": ["sum"]}}
	uri := {"method": "completion/complete", "uri": "file:///x/{y}"}
	denied(uri) == {{"code": "resource_unknown", "actual": ["file:///x/{y}"]}}
}

subscribed(uris, tasks) := result if {
	result := operation.denials with input as unknown
		with input.call as {"method": "subscriptions/listen", "uris": ["file:///a", "file:///b"], "tasks": ["t", "u"]}
		with input.registered.unlisted as {"uris": uris, "tasks": tasks}
}

test_unlisted_targets_of_a_subscription_are_named if {
	subscribed(["file:///b"], []) == {{"code": "resource_unknown", "actual": ["file:///b"]}}
	subscribed([], ["t", "u"]) == {{"code": "task_unknown", "actual": ["t", "u"]}}
	subscribed(["file:///a", "file:///b"], ["t"]) == {
		{"code": "resource_unknown", "actual": ["file:///a", "file:///b"]},
		{"code": "task_unknown", "actual": ["t"]},
	}
}

test_a_subscription_without_operation_is_denied_whatever_is_unlisted if {
	subscribed([], []) == {{"code": "method_unknown", "actual": ["subscriptions/listen"]}}
	denied({"method": "subscriptions/listen"}) == {{"code": "method_unknown", "actual": ["subscriptions/listen"]}}
}

test_unlisted_targets_deny_nothing_where_there_is_an_operation if {
	denials := operation.denials with input as testing.valid
		with input.call as {"method": "subscriptions/listen", "uris": ["file:///a"], "tasks": ["t"]}
		with input.registered.unlisted as {"uris": ["file:///a"], "tasks": ["t"]}
	denials == set()
}

test_unknown_methods_are_named if {
	every call in [
		{"method": "completion/complete"}, {"method": "tasks/get"}, {"method": "tasks/list"},
		{"method": "http/get"}, {"method": "http/delete"}, {"method": "rpc/response"}, {"method": "*"},
		{"method": "tools/call", "task": "t"}, {"method": "made/up", "tool": "read_file"}, {"method": "made/up", "task": "t"},
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
	operation.denials == {{"code": "method_unknown", "actual": []}} with input as {}
	operation.actual == [] with input as {}
}
