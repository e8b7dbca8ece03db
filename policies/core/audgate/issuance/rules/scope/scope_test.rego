package audgate.issuance.rules.scope_test

import data.audgate.issuance.issuing_test as issuing
import data.audgate.issuance.rules.scope
import data.audgate.testing

judged(request) := result if {
	result := {
		"satisfied": scope.satisfied,
		"codes": testing.codes(scope.denials),
		"ceiling": scope.ceiling,
	} with input as request
}

within(ceiling) := {"satisfied": true, "codes": set(), "ceiling": ceiling}

asking(request, scopes) := object.union(request, {"request": {"scopes": scopes}})

grants := ["authorization_code", "refresh_token", issuing.jwt_bearer, issuing.token_exchange]

firsts := [issuing.fresh, issuing.all.client_credentials, issuing.asserting]

test_a_first_grant_may_have_all_that_the_server_knows if {
	every request in firsts {
		judged(asking(request, ["files:write", "files:admin"])) == within(["files:write", "files:admin"])
		judged(asking(request, ["openid", "files:read", "offline_access"])) == within(["files:read"])
		judged(asking(request, ["openid"])) == within([])
	}
}

test_a_first_grant_that_asks_for_none_has_what_is_advertised if {
	every request in firsts { judged(request) == within(["files:read"]) }
}

test_a_grant_keeps_its_scope if {
	every grant in grants {
		judged(issuing.granting(grant)) == within(["files:read"])
		judged(asking(issuing.granting(grant), ["openid", "files:read"])) == within(["files:read"])
		judged(asking(issuing.granting(grant), ["openid"])) == within([])
	}
}

test_no_scope_beyond_the_grant if {
	every grant in grants {
		judged(asking(issuing.granting(grant), ["files:read", "files:write"])).codes == {"scope_exceeds_grant"}
		judged(asking(issuing.granting(grant), ["files:read", "files:write"])).satisfied == false
		judged(asking(issuing.granting(grant), ["files:read", "email"])).codes == {"scope_exceeds_grant"}
	}
	denials := scope.denials with input as asking(issuing.granting("refresh_token"), ["files:write", "files:read"])
	denials == {{"code": "scope_exceeds_grant", "expected": ["files:read", "openid"], "actual": ["files:write"]}}
}

test_a_grant_of_nothing_gives_nothing if {
	every grant in grants {
		none := object.union(issuing.granting(grant), {"bound": {"scopes": []}})
		judged(none) == within([])
		judged(asking(none, ["files:read"])).codes == {"scope_exceeds_grant"}
	}
}

test_an_edge_limits_to_its_own if {
	judged(issuing.exchanging) == within(["files:read"])
	judged(asking(issuing.exchanging, ["files:read", "openid"])) == within(["files:read"])
	judged(asking(issuing.exchanging, ["hub:use"])) == within([])
	judged(asking(issuing.exchanging, ["files:read", "files:write"])).codes == {"scope_exceeds_grant"}
	judged(asking(issuing.exchanging, ["files:list"])) == within([])
}

test_where_no_exchange_is_allowed_nothing_is_granted if {
	none := object.union(issuing.exchanging, {"registered": {"exchanges": []}})
	not judged(none)
	refused := scope.denials with input as asking(none, ["files:write"])
	refused == set()
	proved := scope.satisfied with input as none
	proved == false
}

test_nothing_known_satisfies_nothing if {
	proved := scope.satisfied with input as {}
	proved == false
	not proof(issuing.without(issuing.fresh, "registered/server"))
	not proof(asking(issuing.without(issuing.fresh, "registered/server/known_scopes"), ["files:read"]))
}

proof(request) if {
	scope.satisfied with input as request
	found := scope.ceiling with input as request
	count(found) > 0
}

test_a_ceiling_never_exceeds_what_was_granted if {
	every grant in grants {
		judged(asking(issuing.granting(grant), ["files:read", "files:write"])).ceiling == ["files:read"]
	}
	judged(asking(issuing.exchanging, ["files:read", "files:write"])).ceiling == ["files:read"]
}

test_what_is_not_known_proves_nothing if {
	unknown := issuing.without(issuing.granting("refresh_token"), "registered/server/known_scopes")
	proved := scope.satisfied with input as asking(unknown, ["files:read"])
	proved == false
	none := object.union(issuing.exchanging, {"registered": {"exchanges": []}})
	ruled := scope.satisfied with input as asking(none, ["files:read"])
	ruled == false
}
