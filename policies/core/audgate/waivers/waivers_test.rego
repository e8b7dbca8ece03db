package audgate.waivers_test

import data.audgate.testing
import data.audgate.waivers

named(call) := name if {
	name := waivers.asked with input as testing.without("registered/operation") with input.call as call
}

test_what_the_registry_does_not_open_is_named_by_the_call if {
	named({"method": "tools/call", "tool": "drop"}) == "tools/call drop"
	named({"method": "prompts/get", "prompt": "sum"}) == "prompts/get sum"
	named({"method": "resources/read", "uri": "file:///x"}) == "resources/read file:///x"
	named({"method": "tasks/get", "task": "t"}) == "tasks/get"
	subscription := {"method": "subscriptions/listen", "lists": [], "uris": ["file:///x"], "tasks": []}
	named(subscription) == "subscriptions/listen file:///x"
	named({"method": "subscriptions/listen", "uris": ["file:///x"]}) == "subscriptions/listen file:///x"
	named({"method": "files/reindex"}) == "files/reindex"
}

# Else a waiver for one of the targets would be one for the other too.
test_a_call_with_targets_of_two_kinds_has_no_name if {
	every call in [
		{"method": "tools/call", "tool": "a", "prompt": "b"},
		{"method": "prompts/get", "prompt": "a", "tool": "b"},
		{"method": "resources/read", "uri": "a", "tool": "b"},
		{"method": "tasks/get", "task": "a", "tool": "b"},
		{"method": "subscriptions/listen", "lists": ["tools/list"], "tool": "b"},
		{"method": "subscriptions/listen", "lists": ["tools/list"], "prompt": "b"},
	] {
		not named(call)
	}
}

test_a_method_with_a_target_that_it_does_not_take_has_no_name if {
	every call in [
		{"method": "files/reindex", "tool": "a"},
		{"method": "files/reindex", "prompt": "a"},
		{"method": "files/reindex", "uri": "a"},
		{"method": "files/reindex", "task": "a"},
		{"method": "files/reindex", "uris": ["a"]},
	] {
		not named(call)
	}
}
