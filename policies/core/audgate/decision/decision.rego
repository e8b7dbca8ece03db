# METADATA
# scope: package
# title: The decision
# description: |
#   Allows only when every rule is satisfied and none denies, or when waivers that observe cover all that denies. Every
#   rule is named here, statically: compiled to
#   WebAssembly, a reference with a variable into rules gives wrong answers (OPA 1.22.2).
package audgate.decision

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
import data.audgate.waivers

# METADATA
# title: Decide
# description: |
#   allow, all denials, the scopes that the operation needs, the waivers that were used, and the codes that would deny
#   but for waivers that observe
# entrypoint: true
decide := {
	"allow": allow,
	"denials": denials,
	"required_scopes": required_scopes,
	"advice": {"waivers": used_waivers, "would_deny": would_deny},
}

# METADATA
# title: Allowed
# description: |
#   The decision about the input as it stands, and which of `registered.operations` would be allowed in place of its own
#   operation, each by its place, with the waivers that it used and the codes that only waivers kept from denying.
# entrypoint: true
allowed := {"itself": decide, "opened": opened}

opened contains {"at": at, "waivers": verdict.advice.waivers, "would_deny": verdict.advice.would_deny} if {
	some at, asked in input.registered.operations
	verdict := decide with input.registered.operation as asked
	verdict.allow
}

# METADATA
# title: Explain
# description: the outcome of every rule, with what it compared
# entrypoint: true
explain := {"checks": [
	check("issuer", issuer.satisfied, issuer.denials, issuer.expected, issuer.actual),
	check("audience", audience.satisfied, audience.denials, audience.expected, audience.actual),
	check("passthrough", passthrough.satisfied, passthrough.denials, passthrough.expected, passthrough.actual),
	check("lifetime", lifetime.satisfied, lifetime.denials, lifetime.expected, lifetime.actual),
	check("operation", operation.satisfied, operation.denials, operation.expected, operation.actual),
	check("scope", scope.satisfied, scope.denials, scope.expected, scope.actual),
	check(
		"sender_constraint", sender_constraint.satisfied, sender_constraint.denials,
		sender_constraint.expected, sender_constraint.actual,
	),
	check("delegation", delegation.satisfied, delegation.denials, delegation.expected, delegation.actual),
	check(
		"authentication", authentication.satisfied, authentication.denials,
		authentication.expected, authentication.actual,
	),
	check(
		"authorization_details", authorization_details.satisfied, authorization_details.denials,
		authorization_details.expected, authorization_details.actual,
	),
]}

default allow := false

allow if {
	issuer.satisfied
	audience.satisfied
	passthrough.satisfied
	lifetime.satisfied
	operation.satisfied
	scope.satisfied
	sender_constraint.satisfied
	delegation.satisfied
	authentication.satisfied
	authorization_details.satisfied
	count(denials) == 0
}

allow if observed

# What is observed is answered as allowed; explain still shows each rule as it is.
denials := set() if {
	observed
} else := ruled | ended

ruled := ((of_token | of_holder) | (of_operation | of_user)) | unproved

of_token := (issuer.denials | audience.denials) | (passthrough.denials | lifetime.denials)

of_holder := sender_constraint.denials | delegation.denials

of_operation := operation.denials | scope.denials

of_user := authentication.denials | authorization_details.denials

# A rule that neither is satisfied nor denies has proved nothing, and that is no yes.
unproved contains {"code": "rule_not_satisfied", "rule": "issuer"} if {
	not issuer.satisfied
	count(issuer.denials) == 0
}

unproved contains {"code": "rule_not_satisfied", "rule": "audience"} if {
	not audience.satisfied
	count(audience.denials) == 0
}

unproved contains {"code": "rule_not_satisfied", "rule": "passthrough"} if {
	not passthrough.satisfied
	count(passthrough.denials) == 0
}

unproved contains {"code": "rule_not_satisfied", "rule": "lifetime"} if {
	not lifetime.satisfied
	count(lifetime.denials) == 0
}

unproved contains {"code": "rule_not_satisfied", "rule": "operation"} if {
	not operation.satisfied
	count(operation.denials) == 0
}

# What an unknown operation needs is unknown; `operation` denies it.
unproved contains {"code": "rule_not_satisfied", "rule": "scope"} if {
	not scope.satisfied
	count(scope.denials) == 0
	count(operation.denials) == 0
}

unproved contains {"code": "rule_not_satisfied", "rule": "sender_constraint"} if {
	not sender_constraint.satisfied
	count(sender_constraint.denials) == 0
}

unproved contains {"code": "rule_not_satisfied", "rule": "delegation"} if {
	not delegation.satisfied
	count(delegation.denials) == 0
}

# As of `scope`: what an unknown operation asks is unknown.
unproved contains {"code": "rule_not_satisfied", "rule": "authentication"} if {
	not authentication.satisfied
	count(authentication.denials) == 0
	count(operation.denials) == 0
}

unproved contains {"code": "rule_not_satisfied", "rule": "authorization_details"} if {
	not authorization_details.satisfied
	count(authorization_details.denials) == 0
}

# A rule of its own: `{"waivers": a | b}` would be an object comprehension, which drops b.
used_waivers := (audience.used | lifetime.used) | observing

# A token that is good somewhere else is never observed, whatever else is wrong with it.
nowhere_else if count(input.registered.elsewhere) == 0

default observed := false

# Every rule again by itself: only of these four can a denial be observed, and only one that a waiver lists.
observed if {
	nowhere_else
	count(would_deny_if_observed) > 0 # redundant: then nothing is to be observed
	proved(issuer.satisfied, issuer.denials)
	tolerable(audience.satisfied, audience.denials)
	proved(passthrough.satisfied, passthrough.denials)
	tolerable(lifetime.satisfied, lifetime.denials)
	tolerable(operation.satisfied, operation.denials)
	scope_tolerable
	proved(sender_constraint.satisfied, sender_constraint.denials)
	proved(delegation.satisfied, delegation.denials)
	authentication_tolerable
	proved(authorization_details.satisfied, authorization_details.denials)
}

proved(satisfied, denials_of_rule) if {
	satisfied
	count(denials_of_rule) == 0
}

tolerable(satisfied, denials_of_rule) if proved(satisfied, denials_of_rule)

# An ended waiver explains the denial beside it, and denies nothing by itself.
tolerable(_, denials_of_rule) if {
	underlying := {denial.code | some denial in denials_of_rule} - {"waiver_expired"}
	count(underlying) > 0
	every code in underlying { code in observable }
}

scope_tolerable if tolerable(scope.satisfied, scope.denials)

# What an operation needs that the registry does not know is unknown.
scope_tolerable if {
	count(scope.denials) == 0
	count(operation.denials) > 0
}

# Never observed itself; what an operation asks that the registry does not know is unknown.
authentication_tolerable if proved(authentication.satisfied, authentication.denials)

authentication_tolerable if {
	count(authentication.denials) == 0
	count(operation.denials) > 0
}

observable_codes := {
	"audience_mismatch", "audience_not_exclusive", "lifetime_exceeded", "scope_insufficient",
	"method_unknown", "tool_unknown", "prompt_unknown", "resource_unknown", "task_unknown",
}

# Codes that waivers in force for this call list.
observable contains code if {
	some waiver in input.registered.waivers
	waivers.observes_call(waiver)
	waivers.in_force(waiver)
	some code in waiver.codes
	code in observable_codes
}

would_deny_if_observed := {denial.code | some denial in ruled} - {"waiver_expired"}

default would_deny := set()

would_deny := would_deny_if_observed if observed

# Waivers without which this would be denied.
observing contains waivers.use(waiver) if {
	observed # redundant: nothing would deny otherwise
	some waiver in input.registered.waivers
	waivers.observes_call(waiver)
	waivers.in_force(waiver)
	some code in waiver.codes
	code in would_deny
}

# Where one would have let the call pass until it ended, with what it listed.
ended contains waivers.expired(waiver) if {
	nowhere_else
	some waiver in input.registered.waivers
	waivers.observes_call(waiver)
	not waivers.in_force(waiver)
	some denial in ruled
	denial.code in waiver.codes
}

default required_scopes := []

required_scopes := input.registered.operation.scopes

check(rule, satisfied, denials_of_rule, expected, actual) := {
	"rule": rule,
	"outcome": outcome(rule, satisfied, denials_of_rule),
	"expected": expected,
	"actual": actual,
}

outcome(rule, satisfied, denials_of_rule) := "denied" if {
	count(denials_of_rule) > 0
} else := "not_evaluated" if {
	rule in ["scope", "authentication"]
	not input.registered.operation
} else := "satisfied" if {
	satisfied
} else := "not_satisfied"
