package audgate.issuance.rules.target_test

import data.audgate.issuance.issuing_test as issuing
import data.audgate.issuance.rules.target
import data.audgate.testing

judged(request) := result if {
	result := {"satisfied": target.satisfied, "codes": testing.codes(target.denials)} with input as request
}

denied(codes) := {"satisfied": false, "codes": codes}

satisfied := {"satisfied": true, "codes": set()}

# A fresh request for these.
asked(resources, audiences, targets) := object.union(
	json.remove(issuing.fresh, ["targets"]),
	{"request": {"resources": resources, "audiences": audiences}, "targets": targets},
)

asserted(resources, audiences, targets) := object.union(
	json.remove(issuing.asserting, ["targets"]),
	{"request": {"resources": resources, "audiences": audiences}, "targets": targets},
)

as_audience(one) := object.union(one, {"sent_as": "audience"})

platform := {"value": "https://login.example.com", "sent_as": "resource", "stands_for": "platform"}

test_one_registered_server_satisfies if {
	every request in issuing.all { judged(request) == satisfied }
}

test_an_audience_alone_satisfies if judged(asked(0, 1, [as_audience(issuing.of_files)])) == satisfied

test_resource_and_audience_of_one_server_satisfy if {
	alias := {"value": "https://files.example.com/mcp/", "sent_as": "audience", "stands_for": "server", "server": "files"}
	judged(asked(1, 1, [issuing.of_files, alias])) == satisfied
}

test_none_is_missing if judged(asked(0, 0, [])) == denied({"resource_missing"})

test_a_target_that_was_not_told_satisfies_nothing if judged(asked(1, 0, [])) == denied(set())

test_a_target_that_was_not_sent_satisfies_nothing if {
	judged(asked(0, 0, [issuing.of_files])) == denied({"resource_missing"})
}

test_several_of_a_kind_are_several if {
	judged(asked(2, 0, [issuing.of_files, issuing.of_billing])) == denied({"resource_multiple"})
	judged(asked(2, 0, [issuing.of_files, issuing.of_files])) == denied({"resource_multiple"})
	judged(asked(2, 0, [issuing.of_files])) == denied({"resource_multiple"})
	judged(asked(0, 2, [as_audience(issuing.of_files), as_audience(issuing.of_files)])) == denied({"resource_multiple"})
}

test_resource_and_audience_of_two_servers_are_several if {
	judged(asked(1, 1, [issuing.of_files, as_audience(issuing.of_billing)])) == denied({"resource_multiple"})
	both := asked(1, 1, [issuing.of_files, as_audience(issuing.of_nothing)])
	judged(both) == denied({"resource_multiple", "resource_unregistered"})
}

test_one_unknown_value_twice_is_one if {
	both := asked(1, 1, [issuing.of_nothing, as_audience(issuing.of_nothing)])
	judged(both) == denied({"resource_unregistered"})
}

test_what_is_no_server_is_unregistered if {
	judged(asked(1, 0, [issuing.of_nothing])) == denied({"resource_unregistered"})
	denials := target.denials with input as asked(1, 0, [issuing.of_nothing])
	denials == {{"code": "resource_unregistered", "actual": [issuing.of_nothing.value]}}
}

test_a_platform_is_generic if {
	judged(asked(1, 0, [platform])) == denied({"resource_generic"})
	denials := target.denials with input as asked(1, 0, [platform])
	denials == {{"code": "resource_generic", "actual": [platform.value]}}
}

test_a_server_that_does_not_trust_the_issuer_is_unregistered if {
	request := issuing.having(issuing.fresh, {"registered": {"issuer": {"key": "partner"}}})
	judged(request) == denied({"resource_unregistered"})
	unknown := issuing.without(issuing.fresh, "registered/issuer")
	judged(unknown) == denied(set())
}

test_a_server_whose_record_is_anothers_satisfies_nothing if {
	not judged(asked(1, 0, [issuing.of_billing])).satisfied
	not judged(asked(1, 0, [object.union(issuing.of_files, {"stands_for": "nothing"})])).satisfied
}

test_an_id_jag_needs_both if {
	judged(asserted(1, 0, [issuing.of_files])) == denied({"resource_missing"})
	judged(asserted(0, 1, [issuing.to_corp])) == denied({"resource_missing"})
	judged(asserted(0, 0, [])) == denied({"resource_missing"})
	judged(asserted(2, 1, [issuing.of_files, issuing.of_files, issuing.to_corp])) == denied({"resource_multiple"})
	judged(asserted(1, 2, [issuing.of_files, issuing.to_corp, issuing.to_corp])) == denied({"resource_multiple"})
}

test_an_id_jag_is_for_an_issuer_that_the_server_trusts if {
	to_partner := object.union(issuing.to_corp, {"issuer": "partner"})
	request := issuing.having(
		asserted(1, 1, [issuing.of_files, to_partner]),
		{"registered": {"recipient": {"key": "partner"}}},
	)
	judged(request) == denied({"resource_unregistered"})
	denials := target.denials with input as request
	denials == {{"code": "resource_unregistered", "actual": [to_partner.value]}}
	unknown := object.union(issuing.of_nothing, {"sent_as": "audience"})
	judged(asserted(1, 1, [issuing.of_files, unknown])) == denied({"resource_unregistered"})
}

test_an_id_jag_is_not_for_a_server if {
	request := asserted(1, 1, [issuing.of_files, as_audience(issuing.of_files)])
	judged(request) == denied({"resource_unregistered"})
}

test_an_id_jag_names_a_server if {
	judged(asserted(1, 1, [issuing.of_nothing, issuing.to_corp])) == denied({"resource_unregistered"})
	alone := json.remove(asserted(1, 1, [issuing.of_nothing, issuing.to_corp]), ["registered/server"])
	judged(alone) == denied({"resource_unregistered"})
	denials := target.denials with input as alone
	count(denials) == 1
	judged(asserted(1, 1, [issuing.of_billing, issuing.to_corp])) == denied(set())
}

test_an_id_jags_recipient_is_whom_it_names if {
	request := issuing.having(issuing.asserting, {"registered": {"recipient": {"key": "partner"}}})
	judged(request) == denied(set())
	odd := object.union(issuing.to_corp, {"sent_as": "resource"})
	judged(asserted(1, 1, [issuing.of_files, odd])) == denied(set())
	server := object.union(issuing.to_corp, {"stands_for": "server"})
	judged(asserted(1, 1, [issuing.of_files, server])) == denied({"resource_unregistered"})
	swapped := object.union(issuing.of_files, {"sent_as": "audience"})
	not judged(asserted(1, 1, [swapped, issuing.to_corp])).satisfied
	fewer := issuing.having(issuing.asserting, {"request": {"resources": 0}})
	not judged(fewer).satisfied
	less := issuing.having(issuing.asserting, {"request": {"audiences": 0}})
	not judged(less).satisfied
}

test_an_issuer_is_a_target_of_id_jags_alone if {
	not judged(asked(0, 1, [issuing.to_corp])).satisfied
	judged(asked(0, 1, [issuing.to_corp])).codes == set()
}

test_nothing_known_satisfies_nothing if {
	judged({}).satisfied == false
	not judged(issuing.without(issuing.fresh, "registered/server")).satisfied
	not judged(issuing.without(issuing.fresh, "targets")).satisfied
}

test_only_an_exchange_is_an_id_jag if {
	type := "urn:ietf:params:oauth:token-type:id-jag"
	judged(issuing.having(issuing.granting("refresh_token"), {"request": {"requested_token_type": type}})) == satisfied
}

test_an_id_jag_for_the_one_who_asks_needs_both_too if {
	by_corp := issuing.having(asserted(1, 0, [issuing.of_files]), {"registered": {"issuer": issuing.corp}})
	judged(by_corp) == denied({"resource_missing"})
}

test_a_recipient_is_for_id_jags_alone if {
	both := issuing.having(
		asked(1, 1, [issuing.of_files, issuing.to_corp]),
		{"registered": {"recipient": issuing.corp}},
	)
	judged(both) == denied({"resource_multiple"})
	to_partner := object.union(issuing.to_corp, {"issuer": "partner"})
	judged(asked(0, 1, [to_partner])) == denied(set())
}

test_a_platform_is_not_unregistered_too if {
	judged(json.remove(asked(1, 0, [platform]), ["registered/server"])) == denied({"resource_generic"})
}
