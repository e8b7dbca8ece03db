package custom.argument_limit_test

import data.audgate.testing
import data.custom.argument_limit

# The tool with `labels`, called with `arguments`.
judged(labels, arguments) := result if {
	result := {
		"satisfied": argument_limit.satisfied,
		"codes": testing.codes(argument_limit.denials),
	} with input as testing.valid
		with input.registered.operation.labels as labels
		with input.call.arguments as arguments
}

limited(arguments) := judged({"max_amount": 1000}, arguments)

satisfied := {"satisfied": true, "codes": set()}

denied(code) := {"satisfied": false, "codes": {code}}

test_an_amount_within_the_limit_satisfies if {
	limited({"amount": 0}) == satisfied
	limited({"amount": 999.99, "to": "x"}) == satisfied
	limited({"amount": 1000}) == satisfied
}

test_an_amount_beyond_the_limit_denies if {
	limited({"amount": 1000.01}) == denied("amount_out_of_range")
	limited({"amount": 1e300}) == denied("amount_out_of_range")
	limited({"amount": -1}) == denied("amount_out_of_range")
}

test_what_is_no_number_denies if {
	every amount in ["1", "1000000", null, true, false, [], [1], {}, {"value": 1}, ""] {
		limited({"amount": amount}) == denied("amount_missing")
	}
}

test_a_missing_amount_denies if {
	limited({}) == denied("amount_missing")
	limited({"Amount": 1}) == denied("amount_missing")
}

test_missing_arguments_deny if {
	labelled := object.union(testing.valid, {"registered": {"operation": {"labels": {"max_amount": 1000}}}})
	not argument_limit.satisfied with input as labelled
	testing.codes(argument_limit.denials) == {"amount_missing"} with input as labelled
}

test_a_limit_that_is_no_number_satisfies_nothing if {
	every limit in ["1000", null, true, [], {}] {
		not judged({"max_amount": limit}, {"amount": 1}).satisfied
	}
}

test_a_tool_without_the_label_satisfies if {
	judged({}, {"amount": 1000000}) == satisfied
	judged({"risk": "low"}, {}) == satisfied
}

test_an_unknown_tool_is_left_to_the_core if {
	argument_limit.satisfied with input as testing.without("registered/operation")
}
