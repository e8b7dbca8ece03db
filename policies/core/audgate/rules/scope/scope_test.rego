package audgate.rules.scope_test

import data.audgate.rules.scope
import data.audgate.testing

judged(required, held) := result if {
	result := {"satisfied": scope.satisfied, "codes": testing.codes(scope.denials)} with input as testing.valid
		with input.registered.operation.scopes as required
		with input.token.scopes as held
}

satisfied := {"satisfied": true, "codes": set()}

denied := {"satisfied": false, "codes": {"scope_insufficient"}}

test_the_required_scope_satisfies if judged(["files:read"], ["files:read"]) == satisfied

test_an_operation_without_scopes_satisfies if judged([], []) == satisfied

test_more_scopes_do_no_harm if judged(["files:read"], ["other", "files:read"]) == satisfied

test_every_required_scope_counts if {
	judged(["files:read", "files:list"], ["files:read", "files:list"]) == satisfied
	judged(["files:read", "files:list"], ["files:read"]) == denied
	judged(["files:list", "files:read"], ["files:read"]) == denied
}

test_an_implying_scope_satisfies if judged(["files:read"], ["files:admin"]) == satisfied

test_an_implying_scope_implies_only_what_is_listed if judged(["files:write"], ["files:admin"]) == denied

test_a_scope_does_not_imply_what_implies_it if judged(["files:admin"], ["files:read"]) == denied

test_scopes_are_compared_whole if {
	judged(["files:read"], ["files:rea"]) == denied
	judged(["files:read"], ["files:reader"]) == denied
	judged(["files:read"], ["FILES:READ"]) == denied
	judged(["files:read"], []) == denied
}

test_a_denial_shows_what_it_compared if {
	denials := scope.denials with input as testing.valid with input.token.scopes as ["mail"]
	denials == {{"code": "scope_insufficient", "expected": ["files:read"], "actual": ["mail"]}}
}

test_an_unknown_operation_is_neither_satisfied_nor_denied if {
	base := testing.without("registered/operation")
	not scope.satisfied with input as base
	count(scope.denials) == 0 with input as base
	scope.expected == [] with input as base
}

test_nothing_known_satisfies_nothing if {
	not scope.satisfied with input as {}
	not scope.satisfied with input as testing.without("token/scopes")
	not scope.satisfied with input as testing.without("registered/operation/scopes")
	not scope.satisfied with input as testing.valid with input.registered.operation.scopes as null
	not scope.satisfied with input as testing.valid with input.registered.operation.scopes as "files:read"
	not scope.satisfied with input as testing.valid with input.registered.operation.scopes as {}
	scope.actual == [] with input as {}
}
