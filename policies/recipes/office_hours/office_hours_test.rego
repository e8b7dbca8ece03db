package custom.office_hours_test

import data.audgate.testing
import data.custom.office_hours

# What the rule says of the operation with `labels`, called as `changed` says.
judged(labels, changed) := result if {
	labelled := object.union(testing.valid, {"registered": {"operation": {"labels": labels}}})
	asked := object.union(labelled, changed)
	result := {"satisfied": office_hours.satisfied, "codes": testing.codes(office_hours.denials)} with input as asked
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
	office_hours.satisfied with input as testing.without("registered/operation")
}

at(hours, weekday, hour) := judged({"office_hours": hours}, {"time": {"weekday": weekday, "hour": hour}})

day := {"from": 8, "until": 17}

test_open_from_the_first_hour_until_before_the_last if {
	at(day, 1, 8) == satisfied
	at(day, 5, 16) == satisfied
	at(day, 3, 7) == denied("outside_office_hours")
	at(day, 3, 17) == denied("outside_office_hours")
	at(day, 3, 0) == denied("outside_office_hours")
}

test_closed_at_the_weekend if {
	at(day, 6, 12) == denied("outside_office_hours")
	at(day, 7, 12) == denied("outside_office_hours")
}

test_hours_that_are_no_numbers_never_open if {
	every hours in [
		{"from": 8}, {"until": 17}, {}, {"from": "8", "until": "17"}, {"from": null, "until": 17},
		{"from": false, "until": 17}, {"from": 8, "until": "17"}, "8-17", null, false, true,
	] {
		at(hours, 1, 12) == unproved
	}
}

test_a_denial_shows_the_hours if {
	denials := office_hours.denials with input as testing.valid
		with input.registered.operation.labels as {"office_hours": {"from": 8, "until": 9}}
	denials == {{
		"code": "outside_office_hours",
		"message": "This tool is open Monday to Friday from 8 to 9 o'clock UTC. Call it then.",
		"expected": [8, 9],
		"actual": ["2026-11-23", 12],
	}}
}
