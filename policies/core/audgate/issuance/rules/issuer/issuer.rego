# METADATA
# scope: package
# title: The authorization server that asks is registered
# description: Its exact identifier is one of the registry's issuers, and it is not disabled.
# schemas:
#   - input: schema.issuance
# custom:
#   reasons: [issuer_unknown, issuer_disabled]
package audgate.issuance.rules.issuer

default satisfied := false

satisfied if enabled(input.registered.issuer)

denials contains {"code": "issuer_unknown"} if not input.registered.issuer

denials contains {"code": "issuer_disabled"} if input.registered.issuer.disabled

# Who is to take an ID-JAG is asked for a token next.
denials contains {"code": "issuer_disabled"} if input.registered.recipient.disabled

enabled(issuer) if issuer.disabled == false
