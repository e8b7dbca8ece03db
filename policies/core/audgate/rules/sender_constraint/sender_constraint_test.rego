package audgate.rules.sender_constraint_test

import data.audgate.rules.sender_constraint
import data.audgate.testing

# The token's binding at a server that requires `required`.
bound(confirmation, required) := result if {
	result := testing.codes(sender_constraint.denials) with input as testing.valid
		with input.token.confirmation as confirmation
		with input.registered.server.sender_constraint as required
}

unbound(required) := result if {
	result := testing.codes(sender_constraint.denials) with input as testing.valid
		with input.registered.server.sender_constraint as required
}

test_an_unbound_token_satisfies_where_none_is_required if {
	sender_constraint.satisfied with input as testing.valid
	unbound("none") == set()
}

test_an_unbound_token_denies_where_a_binding_is_required if {
	every required in ["dpop", "mtls", "any"] {
		unbound(required) == {"token_not_bound"}
		not sender_constraint.satisfied with input as testing.valid
			with input.registered.server.sender_constraint as required
	}
}

test_a_denial_names_what_is_required if {
	any_of := sender_constraint.denials with input as testing.valid
		with input.registered.server.sender_constraint as "any"
	any_of == {{"code": "token_not_bound", "expected": ["dpop", "mtls"]}}
	dpop := sender_constraint.denials with input as testing.valid
		with input.registered.server.sender_constraint as "dpop"
	dpop == {{"code": "token_not_bound", "expected": ["dpop"]}}
}

test_a_binding_is_enforced_whatever_is_required if {
	every required in ["none", "dpop", "mtls", "any"] {
		bound({"jkt": "t"}, required) == {"proof_missing"}
		bound({"x5t#S256": "t"}, required) == {"certificate_missing"}
		bound({"jkt": "t", "x5t#S256": "t"}, required) == {"proof_missing", "certificate_missing"}
		bound({"jwk": {}}, required) == {"binding_mismatch"}
		bound({}, required) == {"binding_mismatch"}
	}
}

test_a_bound_token_never_satisfies if {
	every confirmation in [{"jkt": "t"}, {"x5t#S256": "t"}, {"jwk": {}}, {}, false, "", 0] {
		not sender_constraint.satisfied with input as testing.valid with input.token.confirmation as confirmation
	}
}

test_proof_facts_of_a_later_version_open_nothing if {
	not sender_constraint.satisfied with input as testing.valid
		with input.token.confirmation as {"jkt": "t"}
		with input.proof as {"dpop": {"jkt": "t"}}
}

test_values_of_a_binding_are_not_shown if {
	denials := sender_constraint.denials with input as testing.valid with input.token.confirmation as {"jwk": {"x": "secret"}}
	denials == {{"code": "binding_mismatch", "expected": ["jkt", "x5t#S256"], "actual": ["jwk"]}}
}

test_nothing_known_satisfies_nothing if {
	not sender_constraint.satisfied with input as {}
	not sender_constraint.satisfied with input as testing.without("registered/server/sender_constraint")
	not sender_constraint.satisfied with input as testing.valid with input.registered.server.sender_constraint as "other"
	sender_constraint.expected == [] with input as {}
	sender_constraint.expected == [] with input as testing.valid
	sender_constraint.actual == [] with input as {}
}
