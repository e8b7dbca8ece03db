# METADATA
# scope: package
# title: Waivers
# description: |
#   Listed, owned and dated exceptions. A waiver is for one issuer, one client and listed operations; what else it
#   asks is said by the rule that it waives.
package audgate.waivers

# Whether it ended is another matter, so that an ended waiver can be named in a denial.
names_call(waiver) if {
	waiver.issuer == input.registered.issuer.key
	waiver.client_id == input.token.client_id
	input.registered.operation.name in waiver.operations
}

in_force(waiver) if input.now < waiver.until_seconds

# The denial beside the one that the waiver no longer covers: what was expected is a call before its end.
expired(waiver) := {"code": "waiver_expired", "expected": [waiver.until]}

# What the answer's advice shows of a waiver.
use(waiver) := {"what": waiver.what, "owner": waiver.owner, "until": waiver.until}
