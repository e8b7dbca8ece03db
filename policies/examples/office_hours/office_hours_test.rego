package custom.office_hours_test

import data.audgate.testing
import data.custom.office_hours

# The tool with `hours` as its office hours, at a time of the week (1 is Monday).
judged(hours, weekday, hour) := result if {
	result := {
		"satisfied": office_hours.satisfied,
		"codes": testing.codes(office_hours.denials),
	} with input as testing.valid
		with input.registered.operation.labels as {"office_hours": hours}
		with input.time.weekday as weekday
		with input.time.hour as hour
}

day := {"from": 8, "until": 17}

satisfied := {"satisfied": true, "codes": set()}

closed := {"satisfied": false, "codes": {"outside_office_hours"}}

test_open_from_the_first_hour_until_before_the_last if {
	judged(day, 1, 8) == satisfied
	judged(day, 5, 16) == satisfied
	judged(day, 3, 7) == closed
	judged(day, 3, 17) == closed
	judged(day, 3, 0) == closed
}

test_closed_at_the_weekend if {
	judged(day, 6, 12) == closed
	judged(day, 7, 12) == closed
}

test_hours_that_are_no_numbers_never_open if {
	every hours in [
		{"from": 8}, {"until": 17}, {}, {"from": "8", "until": "17"}, {"from": null, "until": "17"},
		{"from": false, "until": 17}, "8-17", null, true,
	] {
		not judged(hours, 1, 12).satisfied
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

test_a_tool_without_the_label_is_always_open if {
	office_hours.satisfied with input as testing.valid with input.time.weekday as 7
}

test_an_unknown_tool_is_left_to_the_core if {
	office_hours.satisfied with input as testing.without("registered/operation")
}
