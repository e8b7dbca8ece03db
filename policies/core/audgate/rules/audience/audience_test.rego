package audgate.rules.audience_test

import data.audgate.rules.audience
import data.audgate.testing

own := "https://files.example.com/mcp"

billing := "https://billing.example.com/mcp"

waiver := {
	"what": "audience",
	"issuer": "corp",
	"client_id": "client-1",
	"audience": "api://default",
	"operations": ["tools/call read_file"],
	"owner": "team-files",
	"reason": "the issuer cannot bind tokens yet",
	"until": "2026-11-23T12:00:01Z",
	"until_seconds": testing.now + 1,
}

ended := object.union(waiver, {"until": "2026-11-23T12:00:00Z", "until_seconds": testing.now})

judged(audiences, waivers) := result if {
	result := {
		"satisfied": audience.satisfied,
		"codes": testing.codes(audience.denials),
		"used": audience.used,
	} with input as testing.valid
		with input.token.audiences as audiences
		with input.registered.waivers as waivers
}

satisfied := {"satisfied": true, "codes": set(), "used": set()}

denied(codes) := {"satisfied": false, "codes": codes, "used": set()}

test_the_resource_satisfies if judged([own], []) == satisfied

test_another_accepted_audience_satisfies if judged(["api://files"], []) == satisfied

test_several_of_its_own_satisfy if judged(["api://files", own], []) == satisfied

test_an_extra_audience_beside_its_own_satisfies if judged(["account", own], []) == satisfied

test_an_extra_audience_alone_is_a_mismatch if judged(["account"], []) == denied({"audience_mismatch"})

test_no_audience_is_missing if judged([], []) == denied({"audience_missing"})

test_another_servers_audience_is_a_mismatch if judged([billing], []) == denied({"audience_mismatch"})

test_near_misses_are_mismatches if {
	every near in [
		"https://files.example.com/mcp/", "https://files.example.com", "https://FILES.example.com/mcp",
		"https://files.example.com:443/mcp", "https://files.example.com/mcp ", "",
	] {
		judged([near], []) == denied({"audience_mismatch"})
	}
}

test_a_foreign_audience_beside_its_own_is_not_exclusive if {
	judged([own, billing], []) == denied({"audience_not_exclusive"})
	judged([billing, own], []) == denied({"audience_not_exclusive"})
	judged([own, "account", billing], []) == denied({"audience_not_exclusive"})
}

test_several_foreign_ones_are_a_mismatch_alone if judged([billing, "account"], []) == denied({"audience_mismatch"})

test_a_denial_shows_what_it_compared if {
	denials := audience.denials with input as testing.valid with input.token.audiences as [billing]
	denials == {{"code": "audience_mismatch", "expected": [own, "api://files"], "actual": [billing]}}
}

test_a_waiver_in_force_satisfies_and_is_shown if {
	judged(["api://default"], [waiver]) == {
		"satisfied": true,
		"codes": set(),
		"used": {{"what": "audience", "owner": "team-files", "until": "2026-11-23T12:00:01Z"}},
	}
}

test_a_waiver_is_for_exactly_its_audience if {
	judged(["api://default", billing], [waiver]) == denied({"audience_mismatch"})
	judged(["api://default", own], [waiver]) == denied({"audience_not_exclusive"})
	judged([billing], [waiver]) == denied({"audience_mismatch"})
}

test_a_waiver_is_for_its_issuer_client_and_operation if {
	every other in [{"issuer": "partner"}, {"client_id": "client-2"}, {"operations": ["tools/call write_file"]}] {
		judged(["api://default"], [object.union(waiver, other)]) == denied({"audience_mismatch"})
	}
}

test_a_waiver_of_something_else_does_not_count if {
	judged(["api://default"], [object.union(waiver, {"what": "lifetime"})]) == denied({"audience_mismatch"})
}

test_an_unused_waiver_is_not_shown if {
	judged([own], [waiver]) == satisfied
	judged(["api://files"], [object.union(waiver, {"audience": "api://files"})]) == satisfied
}

test_an_ended_waiver_denies_beside_the_underlying_reason if {
	judged(["api://default"], [ended]) == denied({"audience_mismatch", "waiver_expired"})
	denials := audience.denials with input as testing.valid
		with input.token.audiences as ["api://default"]
		with input.registered.waivers as [ended]
	{"code": "waiver_expired", "expected": ["2026-11-23T12:00:00Z"]} in denials
}

test_an_ended_waiver_of_another_call_is_not_named if judged([billing], [ended]) == denied({"audience_mismatch"})

test_an_ended_waiver_does_not_harm_a_right_token if judged([own], [ended]) == satisfied

test_a_waiver_in_force_outweighs_an_ended_one if {
	judged(["api://default"], [ended, waiver]).satisfied
	judged(["api://default"], [ended, waiver]).codes == set()
}

test_a_waiver_without_a_known_operation_does_not_count if {
	base := testing.without("registered/operation")
	not audience.satisfied with input as base
		with input.token.audiences as ["api://default"]
		with input.registered.waivers as [waiver]
}

test_nothing_known_satisfies_nothing if {
	not audience.satisfied with input as {}
	not audience.satisfied with input as testing.without("registered/server/audiences")
	not audience.satisfied with input as testing.without("token/audiences")
	audience.expected == [] with input as {}
	audience.actual == [] with input as {}
}
