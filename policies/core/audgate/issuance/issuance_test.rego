package audgate.issuance_test

import data.audgate.issuance
import data.audgate.issuance.issuing_test as issuing
import data.audgate.testing

decided(request) := decision if decision := issuance.decide with input as request

codes(request) := testing.codes(decided(request).denials)

seconds(request) := decided(request).issue.expires_in

unproved(rule) := {{"code": "rule_not_satisfied", "rule": concat(".", ["issuance", rule])}}

test_what_every_rule_accepts_is_allowed if {
	every request in issuing.all {
		decided(request).allow
		decided(request).denials == set()
	}
}

test_an_allow_says_what_to_issue if {
	decided(issuing.fresh).issue == {
		"aud": "https://files.example.com/mcp",
		"resource": "https://files.example.com/mcp",
		"scopes": ["files:read"],
		"expires_in": 900,
		"sender_constraint": "dpop",
	}
}

test_an_id_jag_is_for_the_issuer_that_takes_it if {
	decided(issuing.asserting).issue == {
		"aud": "https://login.example.com",
		"resource": "https://files.example.com/mcp",
		"scopes": ["files:read"],
		"expires_in": 300,
		"sender_constraint": "dpop",
	}
}

test_lifetimes_are_cut_and_never_stretched if {
	seconds(issuing.having(issuing.fresh, {"request": {"lifetime_seconds": 60}})) == 60
	seconds(issuing.having(issuing.fresh, {"request": {"lifetime_seconds": 86400}})) == 900
	seconds(issuing.having(issuing.asserting, {"request": {"lifetime_seconds": 60}})) == 60
}

test_nothing_outlives_the_token_that_it_comes_from if {
	every grant in [issuing.token_exchange, issuing.jwt_bearer] {
		seconds(issuing.having(issuing.granting(grant), {"bound": {"expires_at": issuing.now + 30}})) == 30
	}
	every grant in ["authorization_code", "refresh_token"] {
		seconds(issuing.having(issuing.granting(grant), {"bound": {"expires_at": issuing.now + 30}})) == 900
	}
	seconds(issuing.having(issuing.asserting, {"bound": {"expires_at": issuing.now + 3600}})) == 300
}

test_a_denial_issues_nothing if {
	denied := decided(issuing.without(issuing.fresh, "registered/issuer"))
	denied.allow == false
	denied.issue == null
}

test_all_denials_are_told_at_once if {
	request := object.union(issuing.granting("refresh_token"), {
		"request": {"scopes": ["files:write"]},
		"bound": {"servers": ["billing"], "client_id": "client-2", "expires_at": issuing.now},
		"registered": {"issuer": {"disabled": true}},
	})
	codes(request) == {
		"issuer_disabled", "token_expired", "resource_changed",
		"exchange_not_allowed", "scope_exceeds_grant",
	}
}

test_what_is_wrong_with_the_target_is_told_alone if {
	request := object.union(
		json.remove(issuing.exchanging, ["registered/server", "targets"]),
		{"targets": [issuing.of_nothing], "registered": {"exchanges": []}},
	)
	codes(request) == {"resource_unregistered"}
}

test_an_unknown_issuer_is_told_alone if {
	every request in [issuing.fresh, issuing.granting("refresh_token"), issuing.granting(issuing.token_exchange)] {
		codes(issuing.without(request, "registered/issuer")) == {"issuer_unknown"}
	}
}

test_a_refused_exchange_is_told_alone if {
	request := object.union(issuing.exchanging, {"registered": {"exchanges": []}})
	decided(request).denials == {{"code": "exchange_not_allowed"}}
}

test_what_no_rule_proves_is_no_yes if {
	decided(issuing.without(issuing.fresh, "registered/issuer/disabled")).denials == unproved("issuer")
	decided(issuing.without(issuing.granting(issuing.token_exchange), "bound")).denials == {{"code": "exchange_not_allowed"}} | unproved("binding")
	decided(issuing.having(issuing.fresh, {"bound": issuing.bound})).denials == unproved("binding")
	decided(issuing.without(issuing.fresh, "registered/server/advertised_scopes")).denials == unproved("scope")
	decided(issuing.having(issuing.fresh, {"targets": []})).denials == unproved("target")
}

test_a_grant_of_no_known_kind_is_no_yes if {
	decided(issuing.having(issuing.fresh, {"request": {"grant": "password"}})).denials == (unproved("binding") | unproved("exchange")) | unproved("scope")
}

test_an_empty_request_is_denied if {
	decided({}).allow == false
	codes({}) == {"issuer_unknown"}
}

test_a_reason_is_told_alone if {
	changed := issuing.having(issuing.granting("refresh_token"), {"bound": {"servers": ["billing"]}})
	decided(changed).denials == {{"code": "resource_changed"}}
	wider := issuing.having(issuing.granting("refresh_token"), {"request": {"scopes": ["files:write"]}})
	{denial.code | some denial in decided(wider).denials} == {"scope_exceeds_grant"}
}

# Each rule must be satisfied by itself, whatever is said of those that prove nothing.
test_every_rule_must_be_satisfied if {
	every request in issuing.all {
		without_issuer := issuance.allow with input as request
			with data.audgate.issuance.rules.issuer.satisfied as false
			with data.audgate.issuance.unproved as set()
		without_issuer == false
		without_target := issuance.allow with input as request
			with data.audgate.issuance.rules.target.satisfied as false
			with data.audgate.issuance.unproved as set()
		without_target == false
		without_binding := issuance.allow with input as request
			with data.audgate.issuance.rules.binding.satisfied as false
			with data.audgate.issuance.unproved as set()
		without_binding == false
		without_exchange := issuance.allow with input as request
			with data.audgate.issuance.rules.exchange.satisfied as false
			with data.audgate.issuance.unproved as set()
		without_exchange == false
		without_scope := issuance.allow with input as request
			with data.audgate.issuance.rules.scope.satisfied as false
			with data.audgate.issuance.unproved as set()
		without_scope == false
	}
}

test_one_denial_is_enough if {
	denied := issuance.allow with input as issuing.fresh
		with data.audgate.issuance.rules.scope.denials as {{"code": "scope_exceeds_grant"}}
	denied == false
}
