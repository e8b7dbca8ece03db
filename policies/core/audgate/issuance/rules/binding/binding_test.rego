package audgate.issuance.rules.binding_test

import data.audgate.issuance.issuing_test as issuing
import data.audgate.issuance.rules.binding
import data.audgate.testing

judged(request) := result if {
	result := {"satisfied": binding.satisfied, "codes": testing.codes(binding.denials)} with input as request
}

denied(codes) := {"satisfied": false, "codes": codes}

satisfied := {"satisfied": true, "codes": set()}

held := {"authorization_code", "refresh_token", issuing.jwt_bearer}

changed(grant, changes) := object.union(issuing.granting(grant), changes)

test_what_is_bound_to_the_server_satisfies if {
	every request in issuing.all { judged(request) == satisfied }
}

test_another_server_than_the_grants_is_a_change if {
	every grant in held {
		judged(changed(grant, {"bound": {"servers": ["billing"]}})) == denied({"resource_changed"})
		judged(changed(grant, {"bound": {"servers": ["billing"], "repeated": false}})) == denied({"resource_changed"})
	}
}

test_a_grant_for_several_is_for_none if {
	every grant in held {
		judged(changed(grant, {"bound": {"servers": ["files", "billing"]}})) == denied({"resource_changed"})
		judged(changed(grant, {"bound": {"servers": ["files"], "others": 1}})) == denied({"resource_changed"})
		judged(changed(grant, {"bound": {"servers": []}})) == denied({"resource_changed"})
	}
}

test_an_unregistered_target_is_a_change_too_unless_the_grant_names_it if {
	every grant in held {
		base := object.union(
			json.remove(issuing.granting(grant), ["registered/server", "targets"]),
			{"targets": [issuing.of_nothing]},
		)
		judged(base) == denied(set())
		judged(object.union(base, {"bound": {"repeated": false}})) == denied({"resource_changed"})
	}
}

test_no_target_is_no_change if {
	every grant in held {
		base := object.union(
			json.remove(issuing.granting(grant), ["registered/server", "targets"]),
			{"targets": [], "bound": {"repeated": false}},
		)
		judged(base) == denied(set())
	}
}

test_a_grant_of_another_client_is_refused if {
	every grant in held {
		judged(changed(grant, {"bound": {"client_id": "client-2"}})) == denied({"exchange_not_allowed"})
		judged(issuing.without(issuing.granting(grant), "bound/client_id")) == denied({"exchange_not_allowed"})
	}
}

test_what_has_ended_serves_nothing if {
	every grant in held | {issuing.token_exchange} {
		judged(changed(grant, {"bound": {"expires_at": issuing.now}})) == denied({"token_expired"})
		judged(changed(grant, {"bound": {"expires_at": issuing.now - 1}})) == denied({"token_expired"})
		judged(changed(grant, {"bound": {"expires_at": issuing.now + 1}})) == satisfied
	}
	denials := binding.denials with input as changed("refresh_token", {"bound": {"expires_at": issuing.now - 1}})
	denials == {{"code": "token_expired", "expected": [issuing.now], "actual": [issuing.now - 1]}}
}

test_a_first_grant_is_bound_to_nothing if {
	every grant in {"authorization_request", "client_credentials"} {
		judged(object.union(issuing.granting(grant), {"bound": {"servers": ["files"]}})) == denied(set())
	}
}

test_other_grants_are_bound_to_something if {
	every grant in held { not judged(issuing.without(issuing.granting(grant), "bound")).satisfied }
	judged(issuing.without(issuing.granting(issuing.token_exchange), "bound")) == denied(set())
}

test_an_exchange_may_change_server_and_client if {
	judged(changed(issuing.token_exchange, {"bound": {"servers": ["hub"], "client_id": "agent"}})) == satisfied
}

test_nothing_known_satisfies_nothing if judged({}) == denied(set())

test_another_spelling_of_the_same_server_is_no_change if {
	every grant in held { judged(changed(grant, {"bound": {"repeated": false}})) == satisfied }
}
