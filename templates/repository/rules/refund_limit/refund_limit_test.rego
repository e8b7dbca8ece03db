package custom.refund_limit_test

import data.audgate.testing
import data.custom.refund_limit

# What the rule says of a call with `arguments` to a tool whose limit is 200.
judged(arguments) := result if {
	result := {
		"satisfied": refund_limit.satisfied,
		"codes": {denial.code | some denial in refund_limit.denials},
	} with input as testing.valid
		with input.registered.operation.labels as {"max_refund": 200}
		with input.call.arguments as arguments
}

satisfied := {"satisfied": true, "codes": set()}

denied(code) := {"satisfied": false, "codes": {code}}

test_a_refund_within_the_limit_satisfies if {
	judged({"amount": 0.01}) == satisfied
	judged({"amount": 200}) == satisfied
}

test_a_refund_beyond_the_limit_denies if {
	judged({"amount": 200.01}) == denied("amount_out_of_range")
	judged({"amount": 0}) == denied("amount_out_of_range")
	judged({"amount": -1}) == denied("amount_out_of_range")
}

test_what_is_no_number_denies if {
	judged({}) == denied("amount_missing")
	every amount in ["1", null, true, [1], {}] {
		judged({"amount": amount}) == denied("amount_missing")
	}
}

test_a_limit_that_is_no_number_satisfies_nothing if {
	every limit in ["200", null, false, []] {
		not refund_limit.satisfied with input as testing.valid
			with input.registered.operation.labels as {"max_refund": limit}
			with input.call.arguments as {"amount": 1}
	}
}

test_a_tool_without_the_label_satisfies if {
	refund_limit.satisfied with input as testing.valid
}
