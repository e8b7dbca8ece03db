# METADATA
# scope: package
# title: A ticket for each call
# description: |
#   A tool whose registry record carries the label ticket is called only with a ticket of that kind in the request's
#   context:
#
#       tools:
#         restart: { scopes: [ops:restart], labels: { ticket: CHG } }
#
#       "context": { "extra": { "ticket": "CHG-104233" } }
#
#   The gateway vouches for it: audgate sees its form, and the decision's record holds it, but asks no ticket system.
package custom.ticket

default satisfied := false

satisfied if not required

satisfied if regex.match(concat("", ["^", input.registered.operation.labels.ticket, "-[0-9]{1,12}$"]), ticket)

denials contains {
	"code": "ticket_missing",
	"message": "This call needs a ticket. Open one, and have the gateway send it as context.extra.ticket.",
} if {
	not satisfied
	not ticket
}

denials contains {
	"code": "ticket_not_valid",
	"message": "The ticket is not of the kind that this tool needs. Send one like KIND-104233.",
	"actual": [ticket],
} if {
	not satisfied
}

# Whatever the label's value is: one of the wrong type closes the tool. The core denies an operation without record.
required if "ticket" in object.keys(input.registered.operation.labels)

ticket := given if {
	given := input.context.extra.ticket
	is_string(given)
}
