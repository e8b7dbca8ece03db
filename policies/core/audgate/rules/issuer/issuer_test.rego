package audgate.rules.issuer_test

import data.audgate.rules.issuer
import data.audgate.testing

test_a_listed_issuer_satisfies if {
	issuer.satisfied with input as testing.valid
	count(issuer.denials) == 0 with input as testing.valid
}

test_one_of_several_satisfies if {
	issuer.satisfied with input as testing.valid with input.registered.server.issuers as ["partner", "corp"]
}

test_an_issuer_of_other_servers_denies if {
	denials := issuer.denials with input as testing.valid with input.registered.server.issuers as ["partner"]
	denials == {{
		"code": "issuer_not_trusted",
		"expected": ["partner"],
		"actual": ["https://login.example.com"],
	}}
	not issuer.satisfied with input as testing.valid with input.registered.server.issuers as ["partner"]
}

test_a_server_without_issuers_denies if {
	not issuer.satisfied with input as testing.valid with input.registered.server.issuers as []
}

test_the_text_of_the_list_is_no_list if {
	not issuer.satisfied with input as testing.valid with input.registered.server.issuers as "corp"
}

test_nothing_known_satisfies_nothing if {
	not issuer.satisfied with input as {}
	testing.codes(issuer.denials) == {"issuer_not_trusted"} with input as {}
	issuer.expected == [] with input as {}
	issuer.actual == [] with input as {}
}
