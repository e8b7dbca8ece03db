package audgate.issuance.rules.exchange_test

import data.audgate.issuance.issuing_test as issuing
import data.audgate.issuance.rules.exchange
import data.audgate.testing

judged(request) := result if {
	result := {"satisfied": exchange.satisfied, "codes": testing.codes(exchange.denials)} with input as request
}

denied := {"satisfied": false, "codes": {"exchange_not_allowed"}}

satisfied := {"satisfied": true, "codes": set()}

narrowed := issuing.granting(issuing.token_exchange)

with_type(request, type) := object.union(request, {"request": {"requested_token_type": type}})

edges(listed) := object.union(
	json.remove(issuing.exchanging, ["registered/exchanges"]),
	{"registered": {"exchanges": listed}},
)

test_whatever_is_no_exchange_or_an_allowed_one_satisfies if {
	every request in issuing.all { judged(request) == satisfied }
}

test_without_an_edge_it_is_refused if judged(edges([])) == denied

test_an_edge_is_for_exactly_its_parties if {
	every other in [{"from": "billing"}, {"to": "billing"}, {"client": "agent"}, {"issuer": "partner"}] {
		judged(edges([object.union(issuing.edge, other)])) == denied
	}
}

test_an_edge_leads_one_way if {
	judged(edges([object.union(issuing.edge, {"from": "files", "to": "hub"})])) == denied
}

test_edges_do_not_add_up if {
	chain := [
		object.union(issuing.edge, {"to": "relay"}),
		object.union(issuing.edge, {"from": "relay"}),
	]
	judged(edges(chain)) == denied
}

test_two_edges_of_the_same_parties_are_none if {
	judged(edges([issuing.edge, object.union(issuing.edge, {"scopes": ["files:admin"]})])) == denied
}

test_a_subject_token_for_several_is_for_none if {
	judged(object.union(issuing.exchanging, {"bound": {"servers": ["hub", "files"]}})) == denied
	judged(object.union(issuing.exchanging, {"bound": {"others": 1}})) == denied
	judged(object.union(issuing.exchanging, {"bound": {"servers": []}})) == denied
}

test_only_the_own_token_is_narrowed if {
	judged(object.union(narrowed, {"bound": {"client_id": "agent"}})) == denied
	judged(issuing.without(narrowed, "bound/client_id")) == denied
	judged(object.union(narrowed, {"bound": {"servers": ["billing"]}})) == denied
}

test_an_own_token_needs_no_edge if {
	within := object.union(narrowed, {"registered": {"exchanges": [object.union(issuing.edge, {"from": "files"})]}})
	judged(within) == satisfied
	found := exchange.edges with input as within
	found == set()
}

test_what_is_made_is_an_access_token_or_an_id_jag if {
	every request in [narrowed, issuing.exchanging] {
		every type in ["access_token", "jwt"] {
			judged(with_type(request, concat("", ["urn:ietf:params:oauth:token-type:", type]))) == satisfied
		}
		every type in ["refresh_token", "id_token", "saml2", "ACCESS_TOKEN"] {
			judged(with_type(request, concat("", ["urn:ietf:params:oauth:token-type:", type]))) == denied
		}
		judged(with_type(request, "")) == denied
	}
}

test_an_id_token_of_the_client_itself_makes_an_id_jag if {
	judged(issuing.asserting) == satisfied
	judged(object.union(issuing.asserting, {"bound": {"client_id": "agent"}})) == denied
	judged(object.union(issuing.asserting, {"bound": {"to_client": false}})) == denied
	access := "urn:ietf:params:oauth:token-type:access_token"
	judged(with_type(issuing.asserting, access)) == denied
}

test_an_access_token_makes_an_id_jag_by_an_edge_of_the_recipient if {
	from_hub := object.union(issuing.asserting, {"bound": {
		"servers": ["hub"], "others": 0,
		"to_client": false, "client_id": "agent",
	}})
	judged(from_hub) == denied
	judged(object.union(from_hub, {"registered": {"exchanges": [issuing.edge]}})) == satisfied
	idps := object.union(issuing.edge, {"issuer": "idp"})
	judged(object.union(from_hub, {"registered": {"exchanges": [idps]}})) == denied
}

test_without_a_server_there_is_nothing_to_compare if {
	judged(issuing.without(edges([]), "registered/server")) == {"satisfied": false, "codes": set()}
}

test_an_edge_serves_exchanges_alone if {
	found := exchange.edges with input as object.union(issuing.exchanging, {"request": {"grant": "refresh_token"}})
	found == set()
}

test_an_own_token_serves_exchanges_alone if {
	every grant in ["refresh_token", "client_credentials"] {
		not own_token(object.union(narrowed, {"request": {"grant": grant}}))
	}
}

own_token(request) if exchange.narrowing with input as request

test_nothing_known_satisfies_nothing if judged({}) == {"satisfied": false, "codes": set()}
