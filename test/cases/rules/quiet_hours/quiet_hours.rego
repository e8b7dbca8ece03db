# METADATA
# title: No dangerous tool at night, and none from an address of the test network
package custom.quiet_hours

default satisfied := false

satisfied if not dangerous

satisfied if {
	dangerous
	input.time.hour >= 8
	input.time.hour < 18
	not blocked
}

denials contains {"code": "blocked_address", "actual": [input.context.client_ip]} if {
	dangerous
	blocked
}

denials contains {"code": "asleep"} if {
	dangerous
	input.context.extra.asleep == true
}

dangerous if input.registered.operation.labels.risk == "high"

blocked if startswith(input.context.client_ip, "203.0.113.")
