# METADATA
# scope: package
# title: What an authorization server may issue
# description: |
#   Allows only when every rule is satisfied and none denies, and then says exactly what may be issued. Every rule is
#   named here, statically, as in the decision about a call.
# schemas:
#   - input: schema.issuance
package audgate.issuance

import data.audgate.issuance.asked
import data.audgate.issuance.rules.binding
import data.audgate.issuance.rules.exchange
import data.audgate.issuance.rules.issuer
import data.audgate.issuance.rules.scope
import data.audgate.issuance.rules.target

# METADATA
# title: Decide about an issuance
# description: allow, all denials, and what may be issued; null unless allowed
# entrypoint: true
decide := {
	"allow": allow,
	"denials": denials,
	"issue": issue,
}

default allow := false

allow if {
	issuer.satisfied
	target.satisfied
	binding.satisfied
	exchange.satisfied
	scope.satisfied
	count(denials) == 0
}

denials := (of_request | of_grant) | unproved

of_request := issuer.denials | target.denials

of_grant := (binding.denials | exchange.denials) | scope.denials

# A rule that neither is satisfied nor denies has proved nothing, and that is no yes.
unproved contains {"code": "rule_not_satisfied", "rule": "issuance.issuer"} if {
	not issuer.satisfied
	count(issuer.denials) == 0
}

# Whom the server trusts is asked of an issuer that is known.
unproved contains {"code": "rule_not_satisfied", "rule": "issuance.target"} if {
	not target.satisfied
	count(target.denials) == 0
	count(issuer.denials) == 0
}

# The others compare with the one server that was asked for.
unproved contains {"code": "rule_not_satisfied", "rule": "issuance.binding"} if {
	not binding.satisfied
	count(binding.denials) == 0
	count(of_request) == 0
}

unproved contains {"code": "rule_not_satisfied", "rule": "issuance.exchange"} if {
	not exchange.satisfied
	count(exchange.denials) == 0
	count(of_request) == 0
}

unproved contains {"code": "rule_not_satisfied", "rule": "issuance.scope"} if {
	not scope.satisfied
	count(scope.denials) == 0
	count(of_request) == 0
	count(exchange.denials) == 0
}

default issue := null

issue := {
	"aud": audience,
	"resource": input.registered.server.resource,
	"scopes": scope.ceiling,
	"expires_in": min(lifetimes),
	"sender_constraint": input.registered.server.sender_constraint,
} if allow

# What stands in the registry, whichever of the accepted spellings was asked for.
audience := input.registered.server.resource if not asked.id_jag

audience := input.registered.recipient.issuer if asked.id_jag # redundant: nobody else has a recipient

lifetimes contains input.registered.server.max_lifetime_seconds

lifetimes contains input.request.lifetime_seconds

# Nothing outlives what it was made from, but for refresh tokens, which are there for that.
lifetimes contains input.bound.expires_at - input.now if {
	input.request.grant in {asked.token_exchange, "urn:ietf:params:oauth:grant-type:jwt-bearer"}
}

# Seconds. It is used once, at once.
lifetimes contains 300 if asked.id_jag
