package custom.tenant_limit_test

import data.audgate.testing
import data.custom.tenant_limit

# What the rule says of the operation with `labels`, called as `changed` says.
judged(labels, changed) := result if {
	labelled := object.union(testing.valid, {"registered": {"operation": {"labels": labels}}})
	asked := object.union(labelled, changed)
	result := {"satisfied": tenant_limit.satisfied, "codes": testing.codes(tenant_limit.denials)} with input as asked
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
	tenant_limit.satisfied with input as testing.without("registered/operation")
}

limits := {"acme": 1000, "globex": 50, "initech": "50"}

asked(tenant, amount) := judged(
	{"tenant_limits": limits},
	{"token": {"claims": {"tenant": tenant}}, "call": {"arguments": {"amount": amount}}},
)

test_each_tenant_has_its_limit if {
	asked("acme", 1000) == satisfied
	asked("globex", 50) == satisfied
	asked("globex", 0) == satisfied
	asked("acme", 1001) == denied("amount_out_of_range")
	asked("globex", 51) == denied("amount_out_of_range")
	asked("globex", -1) == denied("amount_out_of_range")
}

test_a_tenant_without_a_limit_denies if {
	every tenant in ["umbrella", "", "initech", null, 0, true, ["acme"], {"acme": 1}] {
		asked(tenant, 1) == denied("tenant_not_listed")
	}
}

test_what_is_no_number_denies if {
	every amount in ["1", null, true, [], {}] {
		asked("acme", amount) == denied("amount_missing")
	}
}

test_limits_that_are_none_satisfy_nothing if {
	every label in [null, false, 1000, "acme", ["acme"]] {
		changed := {"token": {"claims": {"tenant": "acme"}}, "call": {"arguments": {"amount": 1}}}
		judged({"tenant_limits": label}, changed) == denied("tenant_not_listed")
	}
}
