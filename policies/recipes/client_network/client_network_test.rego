package custom.client_network_test

import data.audgate.testing
import data.custom.client_network

# What the rule says of the operation with `labels`, called as `changed` says.
judged(labels, changed) := result if {
	labelled := object.union(testing.valid, {"registered": {"operation": {"labels": labels}}})
	asked := object.union(labelled, changed)
	result := {"satisfied": client_network.satisfied, "codes": testing.codes(client_network.denials)} with input as asked
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
	client_network.satisfied with input as testing.without("registered/operation")
}

networks := ["198.51.100.0/24", "2001:db8:17::/48"]

from(listed, address) := judged({"networks": listed}, {"context": {"client_ip": address}})

test_an_address_in_a_listed_network_satisfies if {
	every address in ["198.51.100.0", "198.51.100.255", "2001:db8:17::1"] {
		from(networks, address) == satisfied
	}
}

test_any_other_address_denies if {
	every address in ["198.51.101.0", "2001:db8:18::1", "", "198.51.100", "localhost"] {
		from(networks, address) == denied("client_ip_not_listed")
	}
}

test_a_network_that_is_none_opens_nothing_and_closes_nothing if {
	from(["nowhere", "198.51.100.0/24"], "198.51.100.7") == satisfied
	from(["nowhere", "198.51.100.0/24"], "203.0.113.7") == denied("client_ip_not_listed")
	every listed in [[], null, true, "198.51.100.0/24", [null]] {
		from(listed, "198.51.100.7") == denied("client_ip_not_listed")
	}
}

test_without_an_address_it_is_closed if judged({"networks": networks}, {}) == denied("client_ip_missing")
