# METADATA
# scope: package
# title: The token's issuer is trusted by this server
# description: |
#   The registry lists, for each server, the issuers whose tokens it takes. An issuer that is registered for other
#   servers only is refused here, even though its signature verifies.
# related_resources:
#   - ref: https://www.rfc-editor.org/rfc/rfc9068#section-4
#     description: RFC 9068 §4, the iss claim must be the expected issuer
# custom:
#   reasons: [issuer_not_trusted]
package audgate.rules.issuer

default satisfied := false

satisfied if input.registered.issuer.key in input.registered.server.issuers

denials contains {"code": "issuer_not_trusted", "expected": expected, "actual": actual} if not satisfied

# Registry keys: the input holds no other issuer's identifier.
default expected := []

expected := input.registered.server.issuers

default actual := []

actual := [input.registered.issuer.issuer]
