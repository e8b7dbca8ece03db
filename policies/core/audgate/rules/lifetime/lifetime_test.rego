package audgate.rules.lifetime_test

import data.audgate.rules.lifetime
import data.audgate.testing

now := testing.now

waiver := {
	"what": "lifetime",
	"issuer": "corp",
	"client_id": "client-1",
	"operations": ["tools/call read_file"],
	"max_lifetime_seconds": 3600,
	"owner": "team-files",
	"reason": "the issuer's shortest life is an hour",
	"until": "2026-11-23T12:00:01Z",
	"until_seconds": now + 1,
}

ended := object.union(waiver, {"until": "2026-11-23T12:00:00Z", "until_seconds": now})

# Times relative to now; the tolerance is 5 seconds and the limit 900.
judged(issued, expires, waivers) := result if {
	result := {
		"satisfied": lifetime.satisfied,
		"codes": testing.codes(lifetime.denials),
		"used": lifetime.used,
	} with input as testing.valid
		with input.token.issued_at as now + issued
		with input.token.expires_at as now + expires
		with input.registered.waivers as waivers
}

satisfied := {"satisfied": true, "codes": set(), "used": set()}

denied(codes) := {"satisfied": false, "codes": codes, "used": set()}

test_a_short_token_in_its_life_satisfies if judged(-60, 240, []) == satisfied

test_expiry_is_exclusive_with_tolerance if {
	judged(-300, 1, []) == satisfied
	judged(-300, -4, []) == satisfied
	judged(-300, -5, []) == denied({"token_expired"})
	judged(-300, -6, []) == denied({"token_expired"})
}

test_issue_ahead_within_tolerance_satisfies if {
	judged(5, 300, []) == satisfied
	judged(6, 300, []) == denied({"token_not_yet_valid"})
}

test_not_before_ahead_within_tolerance_satisfies if {
	lifetime.satisfied with input as testing.valid with input.token.not_before as now + 5
	lifetime.satisfied with input as testing.valid with input.token.not_before as now - 100
	not lifetime.satisfied with input as testing.valid with input.token.not_before as now + 6
	denials := lifetime.denials with input as testing.valid with input.token.not_before as now + 6
	denials == {{"code": "token_not_yet_valid", "expected": [now + 5], "actual": [now + 6]}}
}

test_a_not_before_that_is_no_number_does_not_satisfy if {
	not lifetime.satisfied with input as testing.valid with input.token.not_before as null
	not lifetime.satisfied with input as testing.valid with input.token.not_before as false
	not lifetime.satisfied with input as testing.valid with input.token.not_before as "0"
}

test_the_whole_life_is_limited if {
	judged(-100, 800, []) == satisfied
	judged(-100, 801, []) == denied({"lifetime_exceeded"})
}

# What an ended waiver would not have allowed either is not its end's doing.
test_an_ended_waiver_is_named_only_where_it_would_have_sufficed if {
	judged(1000, 4600, [ended]) == denied({"token_not_yet_valid", "lifetime_exceeded"})
}

test_what_is_left_is_limited_with_tolerance if {
	judged(5, 905, []) == satisfied
	judged(6, 906, []) == denied({"token_not_yet_valid", "lifetime_exceeded"})
}

test_a_day_shows_its_length if {
	denials := lifetime.denials with input as testing.valid with input.token.expires_at as now + 86400
	denials == {{"code": "lifetime_exceeded", "expected": [900], "actual": [86400]}}
}

test_an_expired_token_shows_when_it_ended if {
	denials := lifetime.denials with input as testing.valid
		with input.token.issued_at as now - 300
		with input.token.expires_at as now - 60
	denials == {{"code": "token_expired", "expected": [now - 5], "actual": [now - 60]}}
}

test_one_defect_brings_no_other if {
	judged(5, 86400, []) == denied({"lifetime_exceeded"})
	judged(-960, -60, []) == denied({"token_expired"})
	judged(-3660, -60, [waiver]) == {
		"satisfied": false,
		"codes": {"token_expired"},
		"used": {{"what": "lifetime", "owner": "team-files", "until": "2026-11-23T12:00:01Z"}},
	}
}

test_an_expired_day_denies_for_both if judged(-90000, -3600, []) == denied({"token_expired", "lifetime_exceeded"})

test_without_exp_it_is_missing if {
	base := testing.without("token/expires_at")
	not lifetime.satisfied with input as base
	denials := lifetime.denials with input as base
	{"code": "lifetime_missing", "expected": ["exp", "iat"], "actual": ["iat"]} in denials
}

test_without_iat_it_is_missing if {
	base := testing.without("token/issued_at")
	not lifetime.satisfied with input as base
	denials := lifetime.denials with input as base
	denials == {{"code": "lifetime_missing", "expected": ["exp", "iat"], "actual": ["exp"]}}
}

test_without_iat_the_rest_is_still_judged if {
	base := testing.without("token/issued_at")
	far := lifetime.denials with input as base with input.token.expires_at as now + 906
	testing.codes(far) == {"lifetime_missing", "lifetime_exceeded"}
	near := lifetime.denials with input as base with input.token.expires_at as now + 905
	testing.codes(near) == {"lifetime_missing"}
	gone := lifetime.denials with input as base with input.token.expires_at as now - 60
	testing.codes(gone) == {"lifetime_missing", "token_expired"}
}

test_without_exp_the_begin_is_still_judged if {
	base := testing.without("token/expires_at")
	denials := lifetime.denials with input as base with input.token.issued_at as now + 60
	testing.codes(denials) == {"lifetime_missing", "token_not_yet_valid"}
}

test_a_waiver_raises_the_limit_and_is_shown if {
	judged(0, 3600, [waiver]) == {
		"satisfied": true,
		"codes": set(),
		"used": {{"what": "lifetime", "owner": "team-files", "until": "2026-11-23T12:00:01Z"}},
	}
}

test_a_waiver_has_a_limit_too if {
	judged(0, 3601, [waiver]) == denied({"lifetime_exceeded"})
	denials := lifetime.denials with input as testing.valid
		with input.token.expires_at as now + 3601
		with input.registered.waivers as [waiver]
	denials == {{"code": "lifetime_exceeded", "expected": [3600], "actual": [3601]}}
}

test_a_waiver_waives_nothing_but_the_limit if {
	judged(-3600, -60, [waiver]).codes == {"token_expired"}
	judged(60, 3600, [waiver]).codes == {"token_not_yet_valid"}
}

test_a_lower_waiver_lowers_nothing if {
	judged(0, 900, [object.union(waiver, {"max_lifetime_seconds": 60})]) == satisfied
}

test_a_waiver_is_for_its_issuer_client_and_operation if {
	every other in [
		{"issuer": "partner"}, {"client_id": "client-2"}, {"operations": ["tools/call write_file"]},
		{"what": "audience"},
	] {
		judged(0, 3600, [object.union(waiver, other)]) == denied({"lifetime_exceeded"})
	}
}

test_an_ended_waiver_denies_beside_the_underlying_reason if {
	judged(0, 3600, [ended]) == denied({"lifetime_exceeded", "waiver_expired"})
}

test_an_ended_waiver_that_would_not_have_helped_is_not_named if {
	judged(0, 3601, [ended]) == denied({"lifetime_exceeded"})
	judged(-300, -60, [ended]) == denied({"token_expired"})
}

test_an_unused_waiver_is_not_shown if judged(0, 300, [waiver, ended]) == satisfied

test_nothing_known_satisfies_nothing if {
	not lifetime.satisfied with input as {}
	not lifetime.satisfied with input as testing.without("registered/issuer/clock_tolerance_seconds")
	not lifetime.satisfied with input as testing.without("registered/server/max_lifetime_seconds")
	lifetime.expected == [] with input as {}
	lifetime.actual == [] with input as {}
}

test_explain_shows_limit_and_life if {
	lifetime.expected == [900] with input as testing.valid
	lifetime.actual == [300] with input as testing.valid
	lifetime.actual == [300] with input as testing.without("token/issued_at")
}

# The token of an issuer whose clock is ahead: what the ended waiver allowed is counted from now.
test_an_ended_waiver_that_was_for_less_is_not_named if {
	judged(6, 3605, {ended}) == denied({"lifetime_exceeded", "token_not_yet_valid", "waiver_expired"})
	judged(6, 3606, {ended}) == denied({"lifetime_exceeded", "token_not_yet_valid"})
}
