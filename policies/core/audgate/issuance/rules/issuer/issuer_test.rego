package audgate.issuance.rules.issuer_test

import data.audgate.issuance.issuing_test as issuing
import data.audgate.issuance.rules.issuer
import data.audgate.testing

judged(request) := result if {
	result := {"satisfied": issuer.satisfied, "codes": testing.codes(issuer.denials)} with input as request
}

test_a_registered_issuer_satisfies if {
	every request in issuing.all { judged(request) == {"satisfied": true, "codes": set()} }
}

test_an_unregistered_one_is_unknown if {
	judged(issuing.without(issuing.fresh, "registered/issuer")) == {"satisfied": false, "codes": {"issuer_unknown"}}
}

test_a_disabled_one_is_denied if {
	request := issuing.having(issuing.fresh, {"registered": {"issuer": {"disabled": true}}})
	judged(request) == {"satisfied": false, "codes": {"issuer_disabled"}}
}

test_a_disabled_recipient_is_denied if {
	request := issuing.having(issuing.asserting, {"registered": {"recipient": {"disabled": true}}})
	judged(request).codes == {"issuer_disabled"}
}

test_nothing_known_satisfies_nothing if {
	judged({}) == {"satisfied": false, "codes": {"issuer_unknown"}}
	not judged(issuing.without(issuing.fresh, "registered/issuer/disabled")).satisfied
}
