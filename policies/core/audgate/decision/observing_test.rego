package audgate.observing_test

import data.audgate.decision
import data.audgate.testing

waiver := {
	"what": "observe", "issuer": "corp", "client_id": "client-1", "operations": ["tools/call read_file"],
	"codes": ["audience_mismatch"], "owner": "team-files", "reason": "",
	"until": "2026-11-23T12:00:01Z", "until_seconds": testing.now + 1,
}

other := object.union(waiver, {"client_id": "client-2", "owner": "others"})

ended := object.union(waiver, {"owner": "late", "until": "2026-11-23T12:00:00Z", "until_seconds": testing.now})

judged(waivers) := result if {
	result := decision.decide with input as testing.valid
		with input.token.audiences as ["api://default"]
		with input.registered.waivers as waivers
}

uses(waivers) := {use.owner | some use in judged(waivers).advice.waivers}

test_only_waivers_of_this_call_are_shown_as_used if uses([waiver, other]) == {"team-files"}

test_an_ended_waiver_beside_one_in_force_is_not_shown_as_used if uses([waiver, ended]) == {"team-files"}

test_an_ended_waiver_of_another_call_is_not_named if {
	testing.codes(judged([object.union(ended, {"client_id": "client-2"})]).denials) == {"audience_mismatch"}
}

# A record of the operation that lacks its name: the denial of its scopes stands, which the waiver does not list.
test_missing_scopes_are_not_observed_with_an_unknown_operation if {
	answer := decision.decide with input as testing.without("registered/operation/name")
		with input.token.scopes as []
		with input.registered.waivers as [object.union(waiver, {"codes": ["tool_unknown"]})]
	not answer.allow
	answer.advice.would_deny == set()
	testing.codes(answer.denials) == {"tool_unknown", "scope_insufficient"}
}
