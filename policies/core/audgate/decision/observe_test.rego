package audgate.observe_test

import data.audgate.decision
import data.audgate.rules.authentication
import data.audgate.rules.issuer
import data.audgate.testing

# Observes all that can be observed, for the call of `testing.valid`.
waiver := {
	"what": "observe", "issuer": "corp", "client_id": "client-1", "operations": ["tools/call read_file"],
	"codes": ["audience_mismatch", "audience_not_exclusive", "lifetime_exceeded", "tool_unknown", "scope_insufficient"],
	"owner": "team-files", "reason": "", "until": "2026-11-23T12:00:01Z", "until_seconds": testing.now + 1,
}

use := {"what": "observe", "owner": "team-files", "until": "2026-11-23T12:00:01Z"}

ended := object.union(waiver, {"until": "2026-11-23T12:00:00Z", "until_seconds": testing.now})

# The call with members of its token and of what is registered replaced.
changed(token, registered) := object.union(testing.valid, {
	"token": object.union(testing.valid.token, token),
	"registered": object.union(object.union(testing.valid.registered, {"waivers": [waiver]}), registered),
})

unbound := {"audiences": ["api://default"]}

defective := [
	{"token": unbound, "code": "audience_mismatch"},
	{"token": {"audiences": ["api://files", "api://default"]}, "code": "audience_not_exclusive"},
	{"token": {"expires_at": testing.now + 7200}, "code": "lifetime_exceeded"},
	{"token": {"scopes": []}, "code": "scope_insufficient"},
]

test_each_code_that_a_waiver_lists_is_told_and_does_not_deny if {
	every defect in defective {
		answer := decision.decide with input as changed(defect.token, {})
		answer.allow
		answer.denials == set()
		answer.advice == {"waivers": {use}, "would_deny": {defect.code}}
	}
}

test_each_code_that_it_does_not_list_denies if {
	every defect in defective {
		others := [code | some code in waiver.codes; code != defect.code]
		waivers := [object.union(waiver, {"codes": others})]
		answer := decision.decide with input as changed(defect.token, {"waivers": waivers})
		not answer.allow
		testing.codes(answer.denials) == {defect.code}
		answer.advice == {"waivers": set(), "would_deny": set()}
	}
}

test_what_is_in_order_is_not_observed if {
	answer := decision.decide with input as changed({}, {})
	answer.allow
	answer.advice == {"waivers": set(), "would_deny": set()}
}

test_several_codes_are_told if {
	answer := decision.decide with input as changed({"audiences": ["api://default"], "scopes": []}, {})
	answer.allow
	answer.advice == {"waivers": {use}, "would_deny": {"audience_mismatch", "scope_insufficient"}}
}

test_waivers_cover_together if {
	waivers := [
		object.union(waiver, {"codes": ["audience_mismatch"]}),
		object.union(waiver, {"codes": ["scope_insufficient"], "owner": "team-b"}),
		object.union(waiver, {"codes": ["lifetime_exceeded"], "owner": "team-c"}),
	]
	answer := decision.decide with input as changed({"audiences": ["api://default"], "scopes": []}, {"waivers": waivers})
	answer.allow
	answer.advice.waivers == {use, object.union(use, {"owner": "team-b"})}
}

test_one_code_that_is_not_listed_denies_with_all if {
	answer := decision.decide with input as changed({"audiences": ["api://default"], "actor": "agent-1"}, {})
	not answer.allow
	testing.codes(answer.denials) == {"audience_mismatch", "actor_not_allowed"}
	answer.advice == {"waivers": set(), "would_deny": set()}
}

test_a_token_of_another_server_is_never_observed if {
	every defect in defective {
		elsewhere := {"elsewhere": ["https://billing.example.com/mcp"]}
		answer := decision.decide with input as changed(defect.token, elsewhere)
		not answer.allow
		testing.codes(answer.denials) == {defect.code}
	}
}

test_nothing_is_observed_where_nobody_says_what_is_elsewhere if {
	not decision.allow with input as json.remove(changed(unbound, {}), ["registered/elsewhere"])
}

test_an_observed_waiver_is_for_one_issuer_client_and_operation if {
	others := [
		object.union(waiver, {"issuer": "partner"}),
		object.union(waiver, {"client_id": "client-2"}),
		object.union(waiver, {"operations": ["tools/call write_file", "tools/call", "read_file"]}),
		object.union(waiver, {"what": "audience", "audience": "api://other"}),
	]
	not decision.allow with input as changed(unbound, {"waivers": others})
}

test_the_end_is_to_the_second_and_is_told if {
	answer := decision.decide with input as changed(unbound, {"waivers": [ended]})
	not answer.allow
	testing.codes(answer.denials) == {"audience_mismatch", "waiver_expired"}
	{"code": "waiver_expired", "expected": ["2026-11-23T12:00:00Z"]} in answer.denials
}

test_an_end_is_told_only_of_what_it_covered if {
	not_listed := object.union(ended, {"codes": ["scope_insufficient"]})
	denials := decision.denials with input as changed(unbound, {"waivers": [not_listed]})
	testing.codes(denials) == {"audience_mismatch"}
	elsewhere := {"waivers": [ended], "elsewhere": ["https://billing.example.com/mcp"]}
	foreign := decision.denials with input as changed(unbound, elsewhere)
	testing.codes(foreign) == {"audience_mismatch"}
}

# An ended waiver of the audience explains, and denies nothing by itself.
test_what_an_ended_waiver_says_does_not_deny_what_is_observed if {
	former := {
		"what": "audience", "issuer": "corp", "client_id": "client-1", "audience": "api://default",
		"operations": ["tools/call read_file"], "owner": "team-files", "reason": "",
		"until": "2026-11-23T12:00:00Z", "until_seconds": testing.now,
	}
	answer := decision.decide with input as changed(unbound, {"waivers": [waiver, former]})
	answer.allow
	answer.advice == {"waivers": {use}, "would_deny": {"audience_mismatch"}}
}

test_codes_that_cannot_be_observed_deny_whatever_a_waiver_lists if {
	all := object.union(waiver, {"codes": [
		"issuer_not_trusted", "audience_missing", "lifetime_missing", "token_expired", "token_not_yet_valid",
		"actor_not_allowed", "token_not_bound", "certificate_missing", "rule_not_satisfied", "waiver_expired",
	]})
	every token in [
		{"audiences": []}, {"expires_at": testing.now - 5}, {"issued_at": testing.now + 6}, {"actor": "agent-1"},
		{"confirmation": {"x5t#S256": "thumbprint"}},
	] {
		not decision.allow with input as changed(token, {"waivers": [all]})
	}
	not decision.allow with input as changed({}, {"waivers": [all]})
		with input.registered.server.issuers as ["partner"]
	not decision.allow with input as changed(unbound, {"waivers": [waiver, all]}) with issuer.satisfied as false
	not decision.allow with input as changed(unbound, {"waivers": [waiver, all]})
		with issuer.satisfied as false
		with issuer.denials as set()
}

unknown(call) := object.union(
	object.remove(json.remove(changed({}, {}), ["registered/operation"]), ["call"]),
	{"call": call},
)

observing(operation, code) := [object.union(waiver, {"operations": [operation], "codes": [code]})]

unknowns := [
	{"call": {"method": "tools/call", "tool": "new"}, "named": "tools/call new", "code": "tool_unknown"},
	{"call": {"method": "prompts/get", "prompt": "new"}, "named": "prompts/get new", "code": "prompt_unknown"},
	{
		"call": {"method": "completion/complete", "prompt": "new"}, "named": "completion/complete new",
		"code": "prompt_unknown",
	},
	{
		"call": {"method": "resources/read", "uri": "file:///a b"}, "named": "resources/read file:///a b",
		"code": "resource_unknown",
	},
	{
		"call": {"method": "completion/complete", "uri": "file:///a"}, "named": "completion/complete file:///a",
		"code": "resource_unknown",
	},
	{"call": {"method": "tasks/get", "task": "t-1"}, "named": "tasks/get", "code": "task_unknown"},
	{"call": {"method": "sampling/new"}, "named": "sampling/new", "code": "method_unknown"},
]

test_an_operation_that_the_registry_does_not_open_is_observed_by_its_name if {
	every one in unknowns {
		answer := decision.decide with input as unknown(one.call)
			with input.registered.waivers as observing(one.named, one.code)
		answer.allow
		answer.required_scopes == []
		answer.advice == {"waivers": {use}, "would_deny": {one.code}}
	}
}

test_what_else_denies_is_not_observed_with_it if {
	answered := decision.decide with input as unknown({"method": "tools/call", "tool": "new"})
		with input.registered.waivers as observing("tools/call new", "tool_unknown")
		with authentication.denials as {{"code": "authentication_insufficient"}}
	not answered.allow
}

test_another_name_or_code_observes_none_of_them if {
	every one in unknowns {
		not decision.allow with input as unknown(one.call)
			with input.registered.waivers as observing(concat("", [one.named, "x"]), one.code)
		not decision.allow with input as unknown(one.call)
			with input.registered.waivers as observing(one.named, "scope_insufficient")
	}
}

test_a_call_that_no_waiver_can_name_is_not_observed if {
	every call in [
		{"method": "tools/call new"}, {"method": "tools/call", "tool": "new", "prompt": "new"},
		{"method": "sampling/new", "tool": "new"}, {"method": "tools/call", "tool": "new", "lists": []},
	] {
		every code in ["tool_unknown", "method_unknown", "prompt_unknown"] {
			not decision.allow with input as unknown(call)
				with input.registered.waivers as [object.union(waiver, {
					"operations": ["tools/call new", "sampling/new", "sampling/new new", "tools/call"], "codes": [code],
				})]
		}
	}
}

listening(uris) := object.union(
	unknown({"method": "subscriptions/listen", "lists": ["tools/list"], "uris": uris, "tasks": ["t-1"]}),
	{"registered": {"unlisted": {"uris": uris, "tasks": ["t-1"]}}},
)

test_a_subscription_is_observed_as_a_whole if {
	named := "subscriptions/listen tools/list file:///a file:///b t-1"
	both := [object.union(waiver, {"operations": [named], "codes": ["resource_unknown", "task_unknown"]})]
	answer := decision.decide with input as listening(["file:///a", "file:///b"]) with input.registered.waivers as both
	answer.allow
	answer.advice.would_deny == {"resource_unknown", "task_unknown"}
	not decision.allow with input as listening(["file:///a file:///b"]) with input.registered.waivers as both
	not decision.allow with input as listening(["file:///a", "file:///b"])
		with input.registered.waivers as observing(named, "task_unknown")
}

test_explain_shows_each_rule_as_it_is if {
	explained := decision.explain with input as changed({"audiences": ["api://default"]}, {})
	{check.outcome | some check in explained.checks; check.rule == "audience"} == {"denied"}
}

test_what_is_observed_is_listed_with_what_would_deny if {
	operations := [
		{"name": "ping", "scopes": [], "implied_by": {}, "labels": {}},
		{"name": "tools/call read_file", "scopes": ["files:read"], "implied_by": {}, "labels": {}},
	]
	allowed := decision.allowed with input as changed(unbound, {"operations": operations})
		with input.registered.operation as operations[0]
	not allowed.itself.allow
	allowed.opened == {{"at": 1, "waivers": {use}, "would_deny": {"audience_mismatch"}}}
}

# What is asked of the user's authentication, and what details are known, no waiver tells away.
test_nothing_but_what_can_be_observed_is_let_pass if {
	asks := object.union(testing.valid.registered.operation, {"authentication": {"acr_values": ["mfa"]}})
	every defect in defective {
		weak := decision.decide with input as changed(defect.token, {"operation": asks})
		not weak.allow
		testing.codes(weak.denials) == {defect.code, "authentication_insufficient"}
		stepped_up := object.union(defect.token, {"authentication_context": "mfa"})
		strong := decision.decide with input as changed(stepped_up, {"operation": asks})
		strong.allow
		unlisted := object.union(defect.token, {"authorization_details": [{"type": "payment"}]})
		detailed := decision.decide with input as changed(unlisted, {})
		not detailed.allow
		testing.codes(detailed.denials) == {defect.code, "authorization_details_unknown"}
	}
}

# Whatever a waiver lists, and even where nobody says that the audience is a hub's.
test_a_token_that_a_hub_passed_on_is_never_observed if {
	all := object.union(waiver, {"codes": array.concat(waiver.codes, ["token_passthrough"])})
	hubs := [{"key": "gateway", "audiences": ["https://gateway.example.com/mcp"]}]
	passed := changed({"audiences": ["https://gateway.example.com/mcp"]}, {"waivers": [all], "hubs": hubs})
	decision.allow with input as json.remove(passed, ["registered/hubs"])
	answer := decision.decide with input as passed
	not answer.allow
	testing.codes(answer.denials) == {"audience_mismatch", "token_passthrough"}
}
