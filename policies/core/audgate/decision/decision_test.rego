package audgate.decision_test

import data.audgate.decision
import data.audgate.rules.audience
import data.audgate.rules.authentication
import data.audgate.rules.authorization_details
import data.audgate.rules.delegation
import data.audgate.rules.issuer
import data.audgate.rules.lifetime
import data.audgate.rules.operation
import data.audgate.rules.passthrough
import data.audgate.rules.scope
import data.audgate.rules.sender_constraint
import data.audgate.testing

denial := {"code": "policy_error"}

unproved(rule) := {{"code": "rule_not_satisfied", "rule": rule}}

outcomes(explained) := {check.rule: check.outcome | some check in explained.checks}

test_a_valid_call_is_allowed if {
	decision.decide == {
		"allow": true,
		"denials": set(),
		"required_scopes": ["files:read"],
		"advice": {"waivers": set(), "would_deny": set()},
	} with input as testing.valid
}

test_nothing_known_is_denied if {
	not decision.allow with input as {}
	count(decision.denials) > 0 with input as {}
	decision.required_scopes == [] with input as {}
}

test_all_denials_are_given if {
	denials := decision.denials with input as testing.valid
		with input.token.audiences as ["https://billing.example.com/mcp"]
		with input.token.scopes as []
		with input.token.expires_at as 0
	testing.codes(denials) == {"audience_mismatch", "scope_insufficient", "token_expired"}
}

test_a_used_waiver_is_shown if {
	waivers := decision.decide.advice.waivers with input as testing.valid
		with input.token.audiences as ["api://default"]
		with input.registered.waivers as [{
			"what": "audience", "issuer": "corp", "client_id": "client-1", "audience": "api://default",
			"operations": ["tools/call read_file"], "owner": "team-files", "reason": "",
			"until": "2026-11-23T12:00:01Z", "until_seconds": testing.now + 1,
		}]
	waivers == {{"what": "audience", "owner": "team-files", "until": "2026-11-23T12:00:01Z"}}
}

test_used_waivers_of_both_kinds_are_shown if {
	waiver := {
		"issuer": "corp", "client_id": "client-1", "operations": ["tools/call read_file"], "owner": "team-files",
		"reason": "", "until": "2026-11-23T12:00:01Z", "until_seconds": testing.now + 1,
	}
	waivers := decision.decide.advice.waivers with input as testing.valid
		with input.token.audiences as ["api://default"]
		with input.token.expires_at as testing.now + 7200
		with input.registered.waivers as [
			object.union(waiver, {"what": "audience", "audience": "api://default"}),
			object.union(waiver, {"what": "lifetime", "max_lifetime_seconds": 7200}),
		]
	waivers == {
		{"what": "audience", "owner": "team-files", "until": "2026-11-23T12:00:01Z"},
		{"what": "lifetime", "owner": "team-files", "until": "2026-11-23T12:00:01Z"},
	}
}

# Each rule by itself: one that is not satisfied, and one that denies although it is satisfied.

test_issuer_must_be_satisfied if {
	not decision.allow with input as testing.valid with issuer.satisfied as false with issuer.denials as set()
	denials := decision.denials with input as testing.valid with issuer.satisfied as false with issuer.denials as set()
	denials == unproved("issuer")
	not decision.allow with input as testing.valid with issuer.denials as {denial}
}

test_audience_must_be_satisfied if {
	not decision.allow with input as testing.valid with audience.satisfied as false with audience.denials as set()
	denials := decision.denials with input as testing.valid
		with audience.satisfied as false
		with audience.denials as set()
	denials == unproved("audience")
	not decision.allow with input as testing.valid with audience.denials as {denial}
}

test_passthrough_must_be_satisfied if {
	not decision.allow with input as testing.valid with passthrough.satisfied as false with passthrough.denials as set()
	denials := decision.denials with input as testing.valid
		with passthrough.satisfied as false
		with passthrough.denials as set()
	denials == unproved("passthrough")
	not decision.allow with input as testing.valid with passthrough.denials as {denial}
}

test_a_token_of_a_hub_is_denied_beside_its_audience if {
	hubs := [{"key": "gateway", "audiences": ["https://gateway.example.com/mcp"]}]
	alone := decision.denials with input as testing.valid
		with input.registered.hubs as hubs
		with input.token.audiences as ["https://gateway.example.com/mcp"]
	testing.codes(alone) == {"audience_mismatch", "token_passthrough"}
	both := decision.denials with input as testing.valid
		with input.registered.hubs as hubs
		with input.token.audiences as ["https://gateway.example.com/mcp", "https://files.example.com/mcp"]
	testing.codes(both) == {"audience_not_exclusive", "token_passthrough"}
}

test_lifetime_must_be_satisfied if {
	not decision.allow with input as testing.valid with lifetime.satisfied as false with lifetime.denials as set()
	denials := decision.denials with input as testing.valid
		with lifetime.satisfied as false
		with lifetime.denials as set()
	denials == unproved("lifetime")
	not decision.allow with input as testing.valid with lifetime.denials as {denial}
}

test_operation_must_be_satisfied if {
	not decision.allow with input as testing.valid with operation.satisfied as false with operation.denials as set()
	denials := decision.denials with input as testing.valid
		with operation.satisfied as false
		with operation.denials as set()
	denials == unproved("operation")
	not decision.allow with input as testing.valid with operation.denials as {denial}
}

test_scope_must_be_satisfied if {
	not decision.allow with input as testing.valid with scope.satisfied as false with scope.denials as set()
	denials := decision.denials with input as testing.valid with scope.satisfied as false with scope.denials as set()
	denials == unproved("scope")
	not decision.allow with input as testing.valid with scope.denials as {denial}
}

test_sender_constraint_must_be_satisfied if {
	not decision.allow with input as testing.valid
		with sender_constraint.satisfied as false
		with sender_constraint.denials as set()
	denials := decision.denials with input as testing.valid
		with sender_constraint.satisfied as false
		with sender_constraint.denials as set()
	denials == unproved("sender_constraint")
	not decision.allow with input as testing.valid with sender_constraint.denials as {denial}
}

test_delegation_must_be_satisfied if {
	not decision.allow with input as testing.valid with delegation.satisfied as false with delegation.denials as set()
	denials := decision.denials with input as testing.valid
		with delegation.satisfied as false
		with delegation.denials as set()
	denials == unproved("delegation")
	not decision.allow with input as testing.valid with delegation.denials as {denial}
}

test_authentication_must_be_satisfied if {
	denials := decision.denials with input as testing.valid
		with authentication.satisfied as false
		with authentication.denials as set()
	denials == unproved("authentication")
	not decision.allow with input as testing.valid with authentication.denials as {denial}
}

test_authorization_details_must_be_satisfied if {
	denials := decision.denials with input as testing.valid
		with authorization_details.satisfied as false
		with authorization_details.denials as set()
	denials == unproved("authorization_details")
	not decision.allow with input as testing.valid with authorization_details.denials as {denial}
}

# Even if the list of denials were lost.
test_every_rule_must_be_satisfied_whatever_the_denials_are if {
	decision.allow with input as testing.valid with decision.denials as set()
	not decision.allow with input as testing.valid with decision.denials as set() with issuer.satisfied as false
	not decision.allow with input as testing.valid with decision.denials as set() with audience.satisfied as false
	not decision.allow with input as testing.valid with decision.denials as set() with passthrough.satisfied as false
	not decision.allow with input as testing.valid with decision.denials as set() with lifetime.satisfied as false
	not decision.allow with input as testing.valid with decision.denials as set() with operation.satisfied as false
	not decision.allow with input as testing.valid with decision.denials as set() with scope.satisfied as false
	not decision.allow with input as testing.valid with decision.denials as set() with sender_constraint.satisfied as false
	not decision.allow with input as testing.valid with decision.denials as set() with delegation.satisfied as false
	not decision.allow with input as testing.valid with decision.denials as set() with authentication.satisfied as false
	not decision.allow with input as testing.valid
		with decision.denials as set()
		with authorization_details.satisfied as false
}

test_an_unknown_operation_does_not_blame_scope if {
	denials := decision.denials with input as testing.without("registered/operation")
	denials == {{"code": "tool_unknown", "actual": ["read_file"]}}
}

test_explain_names_every_rule_in_order if {
	explained := decision.explain with input as testing.valid
	[check.rule | some check in explained.checks] == [
		"issuer", "audience", "passthrough", "lifetime", "operation", "scope",
		"sender_constraint", "delegation", "authentication", "authorization_details",
	]
	every check in explained.checks {
		check.outcome == "satisfied"
		object.keys(check) == {"rule", "outcome", "expected", "actual"}
	}
}

test_explain_tells_outcomes_apart if {
	explained := decision.explain with input as testing.without("registered/operation")
		with input.token.audiences as []
		with delegation.satisfied as false
		with delegation.denials as set()
	seen := outcomes(explained)
	seen.issuer == "satisfied"
	seen.audience == "denied"
	seen.operation == "denied"
	seen.scope == "not_evaluated"
	seen.authentication == "not_evaluated"
	seen.delegation == "not_satisfied"
}

test_explain_is_whole_when_nothing_is_known if {
	explained := decision.explain with input as {}
	count(explained.checks) == 10
	every check in explained.checks { check.outcome in ["denied", "not_satisfied", "not_evaluated"] }
}

listed := [
	{"name": "ping", "scopes": [], "implied_by": {}, "labels": {}},
	{"name": "tools/call read_file", "scopes": ["files:read"], "implied_by": {}, "labels": {}},
	{"name": "tools/call write_file", "scopes": ["files:write"], "implied_by": {}, "labels": {}},
]

opened(allowed) := {found.at | some found in allowed.opened}

test_what_the_scopes_open_is_listed_by_its_place if {
	allowed := decision.allowed with input as testing.valid with input.registered.operations as listed
	opened(allowed) == {0, 1}
	allowed.itself.allow
}

test_nothing_is_listed_to_a_foreign_token if {
	allowed := decision.allowed with input as testing.valid
		with input.registered.operations as listed
		with input.token.audiences as ["https://billing.example.com/mcp"]
	opened(allowed) == set()
	testing.codes(allowed.itself.denials) == {"audience_mismatch"}
}

test_a_waiver_lists_only_what_it_names if {
	allowed := decision.allowed with input as testing.valid
		with input.registered.operations as listed
		with input.registered.operation as listed[0]
		with input.token.audiences as ["api://default"]
		with input.registered.waivers as [{
			"what": "audience", "issuer": "corp", "client_id": "client-1", "audience": "api://default",
			"operations": ["tools/call read_file"], "owner": "team-files", "reason": "",
			"until": "2026-11-23T12:00:01Z", "until_seconds": testing.now + 1,
		}]
	not allowed.itself.allow
	allowed.opened == {{
		"at": 1,
		"waivers": {{"what": "audience", "owner": "team-files", "until": "2026-11-23T12:00:01Z"}},
		"would_deny": set(),
	}}
}

test_nothing_is_listed_where_nothing_was_asked if {
	decision.allowed.opened == set() with input as testing.valid
	decision.allowed.opened == set() with input as {}
}
