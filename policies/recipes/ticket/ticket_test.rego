package custom.ticket_test

import data.audgate.testing
import data.custom.ticket

# What the rule says of the operation with `labels`, called as `changed` says.
judged(labels, changed) := result if {
	labelled := object.union(testing.valid, {"registered": {"operation": {"labels": labels}}})
	asked := object.union(labelled, changed)
	result := {"satisfied": ticket.satisfied, "codes": testing.codes(ticket.denials)} with input as asked
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
	ticket.satisfied with input as testing.without("registered/operation")
}

given(ticket) := judged({"ticket": "CHG"}, {"context": {"extra": {"ticket": ticket}}})

test_a_ticket_of_the_kind_satisfies if {
	given("CHG-1") == satisfied
	given("CHG-123456789012") == satisfied
}

test_any_other_text_denies if {
	every ticket in [
		"", "CHG", "CHG-", "CHG-x", "INC-1", "chg-1", " CHG-1", "CHG-1 ", "CHG-1\n", "XCHG-1", "CHG-1234567890123",
	] {
		given(ticket) == denied("ticket_not_valid")
	}
}

test_what_is_no_text_denies if {
	every ticket in [null, true, 1, ["CHG-1"], {}] {
		given(ticket) == denied("ticket_missing")
	}
	judged({"ticket": "CHG"}, {}) == denied("ticket_missing")
}

test_a_kind_that_is_no_text_opens_nothing if {
	every label in [null, true, false, 1, ["CHG"], {}] {
		judged({"ticket": label}, {"context": {"extra": {"ticket": "CHG-1"}}}) == denied("ticket_not_valid")
	}
}
