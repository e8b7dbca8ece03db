# METADATA
# scope: package
# title: The decision
# description: |
#   Allows only when every rule is satisfied and none denies. Every rule is named here, statically: compiled to
#   WebAssembly, a reference with a variable into rules gives wrong answers (OPA 1.22.2).
package audgate.decision

import data.audgate.rules.audience
import data.audgate.rules.delegation
import data.audgate.rules.issuer
import data.audgate.rules.lifetime
import data.audgate.rules.operation
import data.audgate.rules.scope
import data.audgate.rules.sender_constraint

# METADATA
# title: Decide
# description: allow, all denials, the scopes that the operation needs, and the waivers that were used
# entrypoint: true
decide := {
	"allow": allow,
	"denials": denials,
	"required_scopes": required_scopes,
	"advice": {"waivers": used_waivers},
}

# METADATA
# title: Allowed
# description: |
#   The decision about the input as it stands, and which of `registered.operations` would be allowed in place of its own
#   operation, each by its place and with the waivers that it used.
# entrypoint: true
allowed := {"itself": decide, "opened": opened}

opened contains {"at": at, "waivers": verdict.advice.waivers} if {
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
	check("lifetime", lifetime.satisfied, lifetime.denials, lifetime.expected, lifetime.actual),
	check("operation", operation.satisfied, operation.denials, operation.expected, operation.actual),
	check("scope", scope.satisfied, scope.denials, scope.expected, scope.actual),
	check(
		"sender_constraint", sender_constraint.satisfied, sender_constraint.denials,
		sender_constraint.expected, sender_constraint.actual,
	),
	check("delegation", delegation.satisfied, delegation.denials, delegation.expected, delegation.actual),
]}

default allow := false

allow if {
	issuer.satisfied
	audience.satisfied
	lifetime.satisfied
	operation.satisfied
	scope.satisfied
	sender_constraint.satisfied
	delegation.satisfied
	count(denials) == 0
}

denials := (((issuer.denials | audience.denials) | (lifetime.denials | operation.denials)) | (scope.denials | sender_constraint.denials)) | (delegation.denials | unproved)

# A rule that neither is satisfied nor denies has proved nothing, and that is no yes.
unproved contains {"code": "rule_not_satisfied", "rule": "issuer"} if {
	not issuer.satisfied
	count(issuer.denials) == 0
}

unproved contains {"code": "rule_not_satisfied", "rule": "audience"} if {
	not audience.satisfied
	count(audience.denials) == 0
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

# A rule of its own: `{"waivers": a | b}` would be an object comprehension, which drops b.
used_waivers := audience.used | lifetime.used

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
	rule == "scope"
	not input.registered.operation
} else := "satisfied" if {
	satisfied
} else := "not_satisfied"
