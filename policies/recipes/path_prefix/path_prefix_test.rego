package custom.path_prefix_test

import data.audgate.testing
import data.custom.path_prefix

# What the rule says of the operation with `labels`, called as `changed` says.
judged(labels, changed) := result if {
	labelled := object.union(testing.valid, {"registered": {"operation": {"labels": labels}}})
	asked := object.union(labelled, changed)
	result := {"satisfied": path_prefix.satisfied, "codes": testing.codes(path_prefix.denials)} with input as asked
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
	path_prefix.satisfied with input as testing.without("registered/operation")
}

at(path) := judged({"folders": ["/srv/docs", "/srv/public"]}, {"call": {"arguments": {"path": path}}})

test_a_plain_path_below_a_folder_satisfies if {
	every path in ["/srv/docs/a", "/srv/docs/a/b.v2.txt", "/srv/public/my file-1_b.txt"] {
		at(path) == satisfied
	}
}

test_any_other_path_denies if {
	every path in [
		"/srv/docs", "/srv/docs/", "/srv/docs-secret/a", "/srv/a", "/", "", "srv/docs/a", " /srv/docs/a",
		"/srv/docs/..", "/srv/docs/../a", "/srv/docs/./a", "/srv/docs/.a", "/srv/docs//a", "/srv/docs/a/",
		"/srv/docs/%2e%2e/a", "/srv/docs/..\\a", "/srv/docs/a\u0000", "/srv/docs/a\n", "/srv/docs/a\n/etc", "/srv/docs/\uff0e\uff0e/a",
		"/srv/docs/~a", "/srv/docs/a:b", "/srv/docs/\u00e9", "/srv/docs/a\u202e",
	] {
		at(path) == denied("path_not_open")
	}
}

test_what_is_no_text_denies if {
	every path in [null, true, 1, ["/srv/docs/a"], {"path": "/srv/docs/a"}] {
		at(path) == denied("path_not_open")
	}
	judged({"folders": ["/srv/docs"]}, {}) == denied("path_not_open")
}

test_folders_that_are_no_list_open_nothing if {
	every label in [null, true, "/srv/docs", [], [null], [1]] {
		judged({"folders": label}, {"call": {"arguments": {"path": "/srv/docs/a"}}}) == denied("path_not_open")
	}
}
