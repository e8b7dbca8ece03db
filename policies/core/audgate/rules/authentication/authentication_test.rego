package audgate.rules.authentication_test

import data.audgate.rules.authentication
import data.audgate.testing

# The token's acr and auth_time at an operation that asks `required`; null: the token does not say.
judged(required, context, at) := result if {
	result := {"satisfied": authentication.satisfied, "codes": testing.codes(authentication.denials)} with input as said(required, context, at)
}

said(required, context, at) := object.union(testing.valid, {
	"token": object.union(
		{"authentication_context": context | context != null},
		{"authenticated_at": at | at != null},
	),
	"registered": {"operation": {"authentication": required}},
})

satisfied := {"satisfied": true, "codes": set()}

denied := {"satisfied": false, "codes": {"authentication_insufficient"}}

mfa := {"acr_values": ["mfa", "passkey"]}

recently := {"max_age_seconds": 300}

both := {"acr_values": ["mfa"], "max_age_seconds": 300}

now := testing.now

test_an_operation_that_asks_nothing_satisfies if {
	authentication.satisfied with input as testing.valid
	count(authentication.denials) == 0 with input as testing.valid
	judged(null, "pwd", now - 86400) == satisfied
}

test_each_listed_way_satisfies if {
	judged(mfa, "mfa", null) == satisfied
	judged(mfa, "passkey", null) == satisfied
	judged(mfa, "passkey", now - 86400) == satisfied
}

test_another_way_denies if {
	every context in ["pwd", "MFA", "mfa ", "", "mf", "mfa passkey"] { judged(mfa, context, now) == denied }
}

test_a_token_without_acr_denies if judged(mfa, null, now) == denied

test_no_way_is_listed_denies if judged({"acr_values": []}, "mfa", now) == denied

test_the_text_of_a_list_is_no_list if judged({"acr_values": "mfa"}, "mfa", now) == denied

test_a_recent_authentication_satisfies if {
	every ago in [0, 1, 299, 300] { judged(recently, null, now - ago) == satisfied }
}

test_the_tolerance_is_for_clocks_that_differ if {
	judged(recently, null, now - 305) == satisfied
	judged(recently, null, now - 306) == denied
	judged(recently, null, now + 5) == satisfied
	judged(recently, null, now + 6) == denied
}

test_a_token_without_auth_time_denies if judged(recently, "mfa", null) == denied

test_now_alone_is_recent_enough_for_zero if {
	judged({"max_age_seconds": 0}, null, now) == satisfied
	judged({"max_age_seconds": 0}, null, now - 6) == denied
}

test_all_that_is_asked_holds_together if {
	judged(both, "mfa", now - 10) == satisfied
	judged(both, "pwd", now - 10) == denied
	judged(both, "mfa", now - 1000) == denied
	judged(both, "pwd", now - 1000) == denied
	judged(both, null, null) == denied
}

test_a_denial_shows_what_it_compared if {
	denials := authentication.denials with input as said(both, "pwd", now - 1000)
	denials == {{"code": "authentication_insufficient", "expected": ["mfa", 300], "actual": ["pwd", 1000]}}
	silent := authentication.denials with input as said(recently, null, null)
	silent == {{"code": "authentication_insufficient", "expected": [300], "actual": []}}
}

test_an_unknown_operation_is_neither_satisfied_nor_denied if {
	base := testing.without("registered/operation")
	not authentication.satisfied with input as base
	count(authentication.denials) == 0 with input as base
	authentication.expected == [] with input as base
}

test_nothing_known_satisfies_nothing if {
	not authentication.satisfied with input as {}
	count(authentication.denials) == 0 with input as {}
	authentication.expected == [] with input as {}
	authentication.actual == [] with input as {}
	odd := said(recently, "mfa", now)
	not authentication.satisfied with input as odd with input.now as "now"
	not authentication.satisfied with input as odd with input.token.authenticated_at as "now"
	not authentication.satisfied with input as odd with input.registered.issuer.clock_tolerance_seconds as null
	not authentication.satisfied with input as odd with input.registered.operation.authentication.max_age_seconds as "300"
	not authentication.satisfied with input as odd with input.registered.operation.authentication as "mfa"
	not authentication.satisfied with input as odd with input.registered.operation.authentication as false
}
