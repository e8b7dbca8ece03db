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
		bound({"jwk": {}}, required) == {"binding_mismatch"}
		bound({}, required) == {"binding_mismatch"}
		bound({"jkt": "t", "x5t#S256": "t"}, required) == {"proof_missing", "certificate_missing"}
		bound({"jkt": "t", "kid": "k"}, required) == {"proof_missing", "binding_mismatch"}
		bound({"x5t#S256": "t", "kid": "k"}, required) == {"certificate_missing", "binding_mismatch"}
	}
	every required in ["none", "dpop", "any"] {
		bound({"jkt": "t"}, required) == {"proof_missing"}
	}
	every required in ["none", "mtls", "any"] {
		bound({"x5t#S256": "t"}, required) == {"certificate_missing"}
	}
}

test_another_binding_than_the_required_one_is_none if {
	bound({"jkt": "t"}, "mtls") == {"proof_missing", "token_not_bound"}
	bound({"x5t#S256": "t"}, "dpop") == {"certificate_missing", "token_not_bound"}
	answer(both, {"dpop": {"jkt": "k"}, "mtls": {"x5t#S256": "c"}}, "mtls") == {"satisfied": true, "codes": set()}
	answer({"jkt": "k"}, dpop, "mtls") == {"satisfied": false, "codes": {"token_not_bound"}}
	answer({"x5t#S256": "c"}, mtls, "dpop") == {"satisfied": false, "codes": {"token_not_bound"}}
}

test_a_bound_token_without_proof_never_satisfies if {
	every confirmation in [{"jkt": "t"}, {"x5t#S256": "t"}, {"jwk": {}}, {}, false, "", 0, [], ["jkt"]] {
		not sender_constraint.satisfied with input as testing.valid with input.token.confirmation as confirmation
	}
}

both := {"jkt": "k", "x5t#S256": "c"}

dpop := {"dpop": {"jkt": "k", "algorithm": "ES256", "issued_at": testing.now}}

mtls := {"mtls": {"x5t#S256": "c"}}

answer(confirmation, proof, required) := {"satisfied": satisfied, "codes": codes} if {
	call := object.union(testing.valid, {
		"token": {"confirmation": confirmation},
		"proof": proof,
		"registered": {"server": {"sender_constraint": required}},
	})
	satisfied := sender_constraint.satisfied with input as call
	codes := testing.codes(sender_constraint.denials) with input as call
}

test_a_matching_proof_satisfies_whatever_else_came if {
	every required in ["none", "dpop", "any"] {
		answer({"jkt": "k"}, dpop, required) == {"satisfied": true, "codes": set()}
		answer({"jkt": "k"}, object.union(dpop, mtls), required) == {"satisfied": true, "codes": set()}
	}
	every required in ["none", "mtls", "any"] {
		answer({"x5t#S256": "c"}, mtls, required) == {"satisfied": true, "codes": set()}
	}
	every required in ["none", "dpop", "mtls", "any"] {
		answer(both, object.union(dpop, mtls), required) == {"satisfied": true, "codes": set()}
	}
}

test_each_binding_needs_its_own_proof if {
	answer(both, dpop, "any") == {"satisfied": false, "codes": {"certificate_missing"}}
	answer(both, mtls, "any") == {"satisfied": false, "codes": {"proof_missing"}}
	answer({"jkt": "k"}, mtls, "any") == {"satisfied": false, "codes": {"proof_missing"}}
}

test_a_proof_of_another_key_denies if {
	answer({"jkt": "other"}, dpop, "none") == {"satisfied": false, "codes": {"proof_mismatch"}}
	answer({"jkt": ["k"]}, dpop, "none") == {"satisfied": false, "codes": {"proof_mismatch"}}
	answer({"jkt": null}, dpop, "none") == {"satisfied": false, "codes": {"proof_mismatch"}}
	answer({"x5t#S256": "other"}, mtls, "none") == {"satisfied": false, "codes": {"certificate_mismatch"}}
	answer({"x5t#S256": null}, mtls, "none") == {"satisfied": false, "codes": {"certificate_mismatch"}}
	answer({"x5t#S256": "k"}, {"mtls": {"x5t#S256": "k"}}, "dpop").codes == {"token_not_bound"}
}

test_a_proof_without_binding_denies if {
	unbound_codes := testing.codes(sender_constraint.denials) with input as object.union(testing.valid, {"proof": dpop})
	unbound_codes == {"proof_mismatch"}
	answer({"x5t#S256": "c"}, object.union(dpop, mtls), "none").codes == {"proof_mismatch"}
}

# A certificate stands on the gateway's connection, whoever called through it.
test_a_certificate_without_binding_is_not_looked_at if {
	every proof in [mtls, {"mtls": {"refused": "certificate_mismatch"}}] {
		call := object.union(testing.valid, {"proof": proof})
		sender_constraint.satisfied with input as call
		sender_constraint.denials == set() with input as call
		answer({"jkt": "k"}, object.union(dpop, proof), "none") == {"satisfied": true, "codes": set()}
	}
}

test_a_refused_proof_denies_by_its_code if {
	every code in ["proof_missing", "proof_invalid", "proof_mismatch", "proof_nonce_required"] {
		answer({"jkt": "k"}, {"dpop": {"refused": code}}, "none") == {"satisfied": false, "codes": {code}}
		answer({"jkt": "k"}, {"dpop": {"refused": code}}, "dpop") == {"satisfied": false, "codes": {code}}
	}
	answer({"x5t#S256": "c"}, {"mtls": {"refused": "certificate_mismatch"}}, "mtls") == {
		"satisfied": false,
		"codes": {"certificate_mismatch"},
	}
}

test_a_refused_proof_of_an_unbound_token_denies_once if {
	every required in ["none", "dpop", "any"] {
		call := object.union(testing.valid, {
			"proof": {"dpop": {"refused": "token_not_bound"}},
			"registered": {"server": {"sender_constraint": required}},
		})
		sender_constraint.denials == {{"code": "token_not_bound"}} with input as call
		not sender_constraint.satisfied with input as call
	}
}

test_a_proof_that_says_nothing_satisfies_nothing if {
	answer({"jkt": "k"}, {"dpop": {}}, "none") == {"satisfied": false, "codes": set()}
	answer({"x5t#S256": "c"}, {"mtls": {}}, "none") == {"satisfied": false, "codes": set()}
}

test_explain_is_told_what_the_token_and_the_server_ask_for if {
	sender_constraint.expected == ["dpop"] with input as testing.valid with input.token.confirmation as {"jkt": "k"}
	sender_constraint.expected == ["mtls"] with input as testing.valid with input.token.confirmation as {"x5t#S256": "c"}
	sender_constraint.expected == ["dpop", "mtls"] with input as testing.valid
		with input.token.confirmation as {"jkt": "k"}
		with input.registered.server.sender_constraint as "mtls"
	sender_constraint.expected == ["dpop", "mtls"] with input as testing.valid
		with input.registered.server.sender_constraint as "any"
	sender_constraint.actual == ["jkt"] with input as testing.valid with input.token.confirmation as {"jkt": "k"}
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
