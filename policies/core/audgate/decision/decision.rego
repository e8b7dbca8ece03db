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

denials := union({
	issuer.denials,
	audience.denials,
	lifetime.denials,
	operation.denials,
	scope.denials,
	sender_constraint.denials,
	delegation.denials,
	unproved,
})

# A rule that neither is satisfied nor denies has proved nothing, and that is no yes.
unproved contains not_satisfied("issuer") if undecided(issuer.satisfied, issuer.denials)

unproved contains not_satisfied("audience") if undecided(audience.satisfied, audience.denials)

unproved contains not_satisfied("lifetime") if undecided(lifetime.satisfied, lifetime.denials)

unproved contains not_satisfied("operation") if undecided(operation.satisfied, operation.denials)

# What an unknown operation needs is unknown; `operation` denies it.
unproved contains not_satisfied("scope") if {
	undecided(scope.satisfied, scope.denials)
	count(operation.denials) == 0
}

unproved contains not_satisfied("sender_constraint") if {
	undecided(sender_constraint.satisfied, sender_constraint.denials)
}

unproved contains not_satisfied("delegation") if undecided(delegation.satisfied, delegation.denials)

not_satisfied(rule) := {"code": "rule_not_satisfied", "rule": rule}

undecided(satisfied, denials_of_rule) if {
	not satisfied
	count(denials_of_rule) == 0
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
