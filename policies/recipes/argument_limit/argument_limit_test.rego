package custom.argument_limit_test

import data.audgate.testing
import data.custom.argument_limit

# What the rule says of the operation with `labels`, called as `changed` says.
judged(labels, changed) := result if {
	labelled := object.union(testing.valid, {"registered": {"operation": {"labels": labels}}})
	asked := object.union(labelled, changed)
	result := {"satisfied": argument_limit.satisfied, "codes": testing.codes(argument_limit.denials)} with input as asked
}

satisfied := {"satisfied": true, "codes": set()}

denied(code) := {"satisfied": false, "codes": {code}}

# Neither proved nor denied by name: the core reports it as rule_not_satisfied.
unproved := {"satisfied": false, "codes": set()}

test_an_operation_without_the_label_satisfies if {
	judged({}, {}) == satisfied
	judged({"other": 1}, {}) == satisfied
}

test_an_unknown_operation_is_left_to_the_core if {
	argument_limit.satisfied with input as testing.without("registered/operation")
}

arguments(given) := {"call": {"arguments": given}}

limited(given) := judged({"max_amount": 1000}, arguments(given))

test_an_amount_within_the_limit_satisfies if {
	every amount in [0, 999.99, 1000] {
		limited({"amount": amount}) == satisfied
	}
}

test_an_amount_beyond_the_limit_denies if {
	every amount in [-1, 1000.01, 1e300] {
		limited({"amount": amount}) == denied("amount_out_of_range")
	}
}

test_what_is_no_number_denies if {
	limited({}) == denied("amount_missing")
	limited({"Amount": 1}) == denied("amount_missing")
	judged({"max_amount": 1000}, {}) == denied("amount_missing")
	every amount in ["1", "", null, true, false, [], [1], {}, {"value": 1}] {
		limited({"amount": amount}) == denied("amount_missing")
	}
}

test_a_limit_that_is_no_number_satisfies_nothing if {
	every limit in ["1000", null, true, false, [], {}] {
		judged({"max_amount": limit}, arguments({"amount": 1})) == unproved
	}
}
