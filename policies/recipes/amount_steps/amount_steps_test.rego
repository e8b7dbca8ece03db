package custom.amount_steps_test

import data.audgate.testing
import data.custom.amount_steps

# What the rule says of the operation with `labels`, called as `changed` says.
judged(labels, changed) := result if {
	labelled := object.union(testing.valid, {"registered": {"operation": {"labels": labels}}})
	asked := object.union(labelled, changed)
	result := {"satisfied": amount_steps.satisfied, "codes": testing.codes(amount_steps.denials)} with input as asked
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
	amount_steps.satisfied with input as testing.without("registered/operation")
}

steps := [
	{"currency": "EUR", "up_to": 100, "scope": "pay"},
	{"currency": "EUR", "up_to": 5000, "scope": "pay:large"},
	{"currency": "JPY", "up_to": 15000, "scope": "pay"},
	{"currency": "CHF", "up_to": "100", "scope": "pay"},
]

asked(scopes, given) := judged({"amount_steps": steps}, {"token": {"scopes": scopes}, "call": {"arguments": given}})

test_an_amount_within_an_open_step_satisfies if {
	asked(["pay"], {"amount": 0, "currency": "EUR"}) == satisfied
	asked(["pay"], {"amount": 100, "currency": "EUR"}) == satisfied
	asked(["pay", "pay:large"], {"amount": 5000, "currency": "EUR"}) == satisfied
	asked(["pay:large"], {"amount": 50, "currency": "EUR"}) == satisfied
	asked(["pay"], {"amount": 15000, "currency": "JPY"}) == satisfied
}

test_an_amount_beyond_it_denies if {
	asked(["pay"], {"amount": 101, "currency": "EUR"}) == denied("amount_out_of_range")
	asked(["pay"], {"amount": -1, "currency": "EUR"}) == denied("amount_out_of_range")
	asked(["pay", "pay:large"], {"amount": 5001, "currency": "EUR"}) == denied("amount_out_of_range")
}

test_a_currency_that_no_step_opens_denies if {
	every currency in ["USD", "CHF", "eur", "", null, ["EUR"]] {
		asked(["pay"], {"amount": 1, "currency": currency}) == denied("currency_not_open")
	}
	asked([], {"amount": 1, "currency": "EUR"}) == denied("currency_not_open")
	asked(["pay"], {"amount": 1}) == denied("currency_not_open")
}

test_what_is_no_number_denies if {
	asked(["pay"], {"currency": "EUR"}) == denied("amount_missing")
	every amount in ["1", null, true, [1]] {
		asked(["pay"], {"amount": amount, "currency": "EUR"}) == denied("amount_missing")
	}
}

test_steps_that_are_none_open_nothing if {
	every label in [null, true, 100, "EUR", [], [100], [{}]] {
		changed := {"token": {"scopes": ["pay"]}, "call": {"arguments": {"amount": 1, "currency": "EUR"}}}
		judged({"amount_steps": label}, changed) == denied("currency_not_open")
	}
}
