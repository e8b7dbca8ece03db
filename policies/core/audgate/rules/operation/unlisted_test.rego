package audgate.operation_unlisted_test

import data.audgate.rules.operation
import data.audgate.testing

# Only subscriptions are judged by what of them is not listed, whatever stands beside another call.
test_what_is_unlisted_is_of_subscriptions_alone if {
	every call in [{"method": "tools/call", "tool": "drop"}, {"method": "files/reindex"}] {
		denials := operation.denials with input as testing.without("registered/operation")
			with input.call as call
			with input.registered.unlisted as {"uris": ["file:///x"], "tasks": ["t"]}
		testing.codes(denials) & {"resource_unknown", "task_unknown"} == set()
	}
	tasks := operation.denials with input as testing.without("registered/operation")
		with input.call as {"method": "files/reindex"}
		with input.registered.unlisted as {"uris": [], "tasks": ["t"]}
	testing.codes(tasks) == {"method_unknown"}
}
