package audgate.rules.delegation_test

import data.audgate.rules.delegation
import data.audgate.testing

judged(actor, actors) := result if {
	result := {"satisfied": delegation.satisfied, "codes": testing.codes(delegation.denials)} with input as testing.valid
		with input.token.actor as actor
		with input.registered.server.actors as actors
}

satisfied := {"satisfied": true, "codes": set()}

denied := {"satisfied": false, "codes": {"actor_not_allowed"}}

test_no_actor_always_satisfies if {
	every actors in ["none", "any", [], ["agent-1"]] {
		delegation.satisfied with input as testing.valid with input.registered.server.actors as actors
	}
	count(delegation.denials) == 0 with input as testing.valid
}

test_any_actor_satisfies_where_any_may_act if judged("agent-1", "any") == satisfied

test_a_listed_actor_satisfies if judged("agent-1", ["agent-2", "agent-1"]) == satisfied

test_another_actor_denies if {
	judged("agent-1", "none") == denied
	judged("agent-1", []) == denied
	judged("agent-1", ["agent-10", "agent-2"]) == denied
}

test_an_actor_named_like_a_setting_gains_nothing if {
	judged("none", "none") == denied
	judged("any", "none") == denied
	judged("any", ["agent-1"]) == denied
}

test_a_denial_shows_what_it_compared if {
	denials := delegation.denials with input as testing.valid
		with input.token.actor as "agent-1"
		with input.registered.server.actors as ["agent-2"]
	denials == {{"code": "actor_not_allowed", "expected": ["agent-2"], "actual": ["agent-1"]}}
	none := delegation.denials with input as testing.valid with input.token.actor as "agent-1"
	none == {{"code": "actor_not_allowed", "expected": ["none"], "actual": ["agent-1"]}}
}

test_nothing_known_satisfies_nothing if {
	not delegation.satisfied with input as {}
	not delegation.satisfied with input as testing.without("registered/server/actors") with input.token.actor as "agent-1"
	delegation.expected == [] with input as {}
	delegation.actual == [] with input as {}
}
