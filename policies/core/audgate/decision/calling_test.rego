package audgate.calling_test

import data.audgate.decision
import data.audgate.testing

test_core_allows_the_call_of_each_method if {
	every method in object.keys(testing.calls) {
		answer := decision.decide with input as testing.calling(method)
		answer.allow
	}
	testing.calling("prompts/get").call.prompt == "summary"
}
