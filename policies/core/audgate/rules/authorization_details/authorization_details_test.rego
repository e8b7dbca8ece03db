package audgate.rules.authorization_details_test

import data.audgate.rules.authorization_details
import data.audgate.testing

# A token with these details at a server that knows these types.
judged(details, types) := result if {
	result := {
		"satisfied": authorization_details.satisfied,
		"codes": testing.codes(authorization_details.denials),
	} with input as testing.valid
		with input.token.authorization_details as details
		with input.registered.server.authorization_details_types as types
}

satisfied := {"satisfied": true, "codes": set()}

denied := {"satisfied": false, "codes": {"authorization_details_unknown"}}

payment := {"type": "payment", "amount": "45.00"}

account := {"type": "account"}

test_no_details_always_satisfy if {
	authorization_details.satisfied with input as testing.valid
	count(authorization_details.denials) == 0 with input as testing.valid
	authorization_details.satisfied with input as testing.valid
		with input.registered.server.authorization_details_types as ["payment"]
	judged([], []) == satisfied
}

test_a_listed_type_satisfies if {
	judged([payment], ["account", "payment"]) == satisfied
	judged([payment, account, payment], ["account", "payment"]) == satisfied
}

test_another_type_denies if {
	judged([payment], ["account"]) == denied
	judged([payment], []) == denied
	judged([payment], ["payments", "Payment", "pay"]) == denied
}

test_each_type_counts if {
	judged([payment, account], ["payment"]) == denied
	judged([account, payment], ["payment"]) == denied
}

test_a_server_that_lists_none_denies if {
	denials := authorization_details.denials with input as testing.valid
		with input.token.authorization_details as [payment]
	denials == {{"code": "authorization_details_unknown", "expected": [], "actual": ["payment"]}}
}

test_a_denial_shows_the_types_alone if {
	denials := authorization_details.denials with input as testing.valid
		with input.token.authorization_details as [payment, account, payment]
		with input.registered.server.authorization_details_types as ["account"]
	denials == {{"code": "authorization_details_unknown", "expected": ["account"], "actual": ["payment"]}}
	all_types := authorization_details.actual with input as testing.valid
		with input.token.authorization_details as [payment, account, payment]
	all_types == ["account", "payment"]
}

test_details_of_another_form_deny if {
	every details in [
		"payment", {"type": "payment"}, {"a": {"type": "payment"}}, false, 0,
		[{}], [null], ["payment"], [{"type": null}], [[]],
	] {
		judged(details, ["payment"]) == denied
	}
}

test_the_text_of_the_list_is_no_list if judged([payment], "payment") == denied

test_nothing_known_satisfies_nothing if {
	not authorization_details.satisfied with input as {}
	testing.codes(authorization_details.denials) == {"authorization_details_unknown"} with input as {}
	authorization_details.expected == [] with input as {}
	authorization_details.actual == [] with input as {}
}
