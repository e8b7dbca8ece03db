package custom.client_allow_list_test

import data.audgate.testing
import data.custom.client_allow_list

# What the rule says of the operation with `labels`, called as `changed` says.
judged(labels, changed) := result if {
	labelled := object.union(testing.valid, {"registered": {"operation": {"labels": labels}}})
	asked := object.union(labelled, changed)
	result := {"satisfied": client_allow_list.satisfied, "codes": testing.codes(client_allow_list.denials)} with input as asked
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
	client_allow_list.satisfied with input as testing.without("registered/operation")
}

asked(clients, client) := judged({"clients": clients}, {"token": {"client_id": client}})

test_a_listed_client_satisfies if {
	asked(["review-bot", "release-bot"], "review-bot") == satisfied
	asked(["review-bot", "release-bot"], "release-bot") == satisfied
}

test_any_other_client_denies if {
	every client in ["", "review", "review-bot-2", "Review-bot"] {
		asked(["review-bot"], client) == denied("client_not_listed")
	}
	asked([], "review-bot") == denied("client_not_listed")
}

test_clients_that_are_no_list_open_nothing if {
	every clients in ["review-bot", null, true, 1] {
		asked(clients, "review-bot") == denied("client_not_listed")
	}
}

test_a_token_without_client_opens_nothing if {
	not client_allow_list.satisfied with input as testing.without("token/client_id")
		with input.registered.operation.labels as {"clients": ["review-bot"]}
}
