# METADATA
# title: A payment stays below the server's limit
package custom.amount_limit

default satisfied := false

satisfied if not pays

satisfied if {
	pays
	is_number(input.call.arguments.amount)
	input.call.arguments.amount <= limit
}

denials contains {
	"code": "amount_too_high",
	"message": "Ask a person to approve the payment.",
	"expected": [limit],
	"actual": [input.call.arguments.amount],
} if {
	pays
	is_number(input.call.arguments.amount)
	input.call.arguments.amount > limit
}

pays if input.call.tool == "pay"

limit := input.registered.server.labels.pay_limit
