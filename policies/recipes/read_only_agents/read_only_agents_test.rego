package custom.read_only_agents_test

import data.audgate.testing
import data.custom.read_only_agents

# What the rule says of a call by an agent at a server that lets agents read, changed as `changed` says.
agents(changed) := result if {
	agent := object.union(testing.valid, {
		"token": {"actor": "agent-7"},
		"registered": {"server": {"labels": {"agents": "read_only"}}},
	})
	asked := object.union(agent, changed)
	result := {
		"satisfied": read_only_agents.satisfied,
		"codes": testing.codes(read_only_agents.denials),
	} with input as asked
}

labelled(effect) := agents({"registered": {"operation": {"labels": {"effect": effect}}}})

satisfied := {"satisfied": true, "codes": set()}

denied := {"satisfied": false, "codes": {"agent_may_not_write"}}

test_an_agent_opens_what_is_labelled_as_reading if labelled("read") == satisfied

test_an_agent_opens_nothing_else if {
	agents({}) == denied
	every effect in ["write", "Read", "", null, true, ["read"]] {
		labelled(effect) == denied
	}
}

test_an_agent_looks_around if {
	every method in ["initialize", "ping", "tools/list", "resources/list", "notifications/cancelled"] {
		agents({"call": {"method": method}}) == satisfied
	}
	every method in ["resources/read", "prompts/get", "subscriptions/listen", "tasks/cancel", "*", "http/get"] {
		agents({"call": {"method": method}}) == denied
	}
}

test_a_user_writes if {
	read_only_agents.satisfied with input as testing.valid
		with input.registered.server.labels as {"agents": "read_only"}
}

test_whatever_the_servers_label_is_it_governs if {
	every label in [null, false, "", "any"] {
		agents({"registered": {"server": {"labels": {"agents": label}}}}) == denied
	}
}

test_at_a_server_without_the_label_agents_write if {
	read_only_agents.satisfied with input as testing.valid with input.token.actor as "agent-7"
}

test_an_unknown_operation_is_left_to_the_core if {
	read_only_agents.satisfied with input as testing.without("registered/operation")
		with input.token.actor as "agent-7"
		with input.registered.server.labels as {"agents": "read_only"}
}
