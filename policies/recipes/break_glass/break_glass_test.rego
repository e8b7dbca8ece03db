package custom.break_glass_test

import data.audgate.testing
import data.custom.break_glass

# What the rule says of the operation with `labels`, called as `changed` says.
judged(labels, changed) := result if {
	labelled := object.union(testing.valid, {"registered": {"operation": {"labels": labels}}})
	asked := object.union(labelled, changed)
	result := {"satisfied": break_glass.satisfied, "codes": testing.codes(break_glass.denials)} with input as asked
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
	break_glass.satisfied with input as testing.without("registered/operation")
}

# For a caller user-1, now.
opened(from, until) := judged({"break_glass": {"from": from, "until": until, "subjects": ["user-1"]}}, {})

now := testing.now

test_a_window_that_holds_now_satisfies if {
	opened(now, now + 1) == satisfied
	opened(now, now + 14400) == satisfied
	opened(now - 14399, now + 1) == satisfied
}

test_any_other_window_denies if {
	every window in [[now + 1, now + 2], [now - 1, now], [now + 1, now - 1], [now, now + 14401], [0, 1e300]] {
		opened(window[0], window[1]) == denied("window_closed")
	}
}

test_times_that_are_no_numbers_open_nothing if {
	every wrong in [null, false, true, "1795435200", [], {}] {
		opened(wrong, now + 1) == denied("window_closed")
		opened(now, wrong) == denied("window_closed")
	}
}

test_nobody_else_is_let_in if {
	every subjects in [[], ["user-2"], "user-1", null, [["user-1"]]] {
		judged(
			{"break_glass": {"from": now, "until": now + 1, "subjects": subjects}},
			{},
		) == denied("window_closed")
	}
	every window in [{}, null, true, "open", []] {
		judged({"break_glass": window}, {}) == denied("window_closed")
	}
}
