package audgate.rules.passthrough_test

import data.audgate.rules.passthrough
import data.audgate.testing

own := "https://files.example.com/mcp"

gateway := "https://gateway.example.com/mcp"

hubs := [
	{"key": "gateway", "audiences": [gateway, "api://gateway"]},
	{"key": "assistants", "audiences": ["https://assistants.example.com/mcp"]},
]

judged(audiences) := result if {
	result := {"satisfied": passthrough.satisfied, "codes": testing.codes(passthrough.denials)} with input as testing.valid
		with input.token.audiences as audiences
		with input.registered.hubs as hubs
}

satisfied := {"satisfied": true, "codes": set()}

denied := {"satisfied": false, "codes": {"token_passthrough"}}

test_a_token_of_the_server_satisfies if {
	judged([own]) == satisfied
	judged([own, "api://files"]) == satisfied
}

test_a_token_of_a_hub_in_front_denies if {
	judged([gateway]) == denied
	judged(["api://gateway"]) == denied
	judged(["https://assistants.example.com/mcp"]) == denied
}

test_beside_the_servers_own_it_denies_too if {
	judged([own, gateway]) == denied
	judged([gateway, own]) == denied
}

# What is merely wrong here is the audience's to deny.
test_other_audiences_are_not_this_rules if {
	judged([]) == satisfied
	judged(["https://billing.example.com/mcp"]) == satisfied
	judged(["https://gateway.example.com/mcp/"]) == satisfied
}

test_without_a_hub_any_audience_satisfies if {
	passthrough.satisfied with input as testing.valid
	passthrough.satisfied with input as testing.valid with input.token.audiences as [gateway]
	count(passthrough.denials) == 0 with input as testing.valid with input.token.audiences as [gateway]
}

test_a_hub_that_accepts_nothing_denies_nothing if {
	denials := passthrough.denials with input as testing.valid
		with input.registered.hubs as [{"key": "gateway", "audiences": []}]
	count(denials) == 0
}

test_without_audiences_nothing_is_proved if {
	not passthrough.satisfied with input as testing.without("token/audiences")
}

test_a_denial_shows_what_was_passed_on if {
	denials := passthrough.denials with input as testing.valid
		with input.token.audiences as [own, gateway]
		with input.registered.hubs as hubs
	denials == {{"code": "token_passthrough", "expected": [own, "api://files"], "actual": [gateway]}}
}

test_it_tells_what_it_compares if {
	passthrough.expected == [own, "api://files"] with input as testing.valid
	passthrough.actual == [own] with input as testing.valid
	passthrough.expected == [] with input as testing.without("registered/server")
	passthrough.actual == [] with input as testing.without("token/audiences")
}
