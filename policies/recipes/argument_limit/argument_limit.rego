# METADATA
# scope: package
# title: A limit on the value of an argument
# description: |
#   A tool whose registry record carries the label max_amount is called with an amount from 0 to that limit only:
#
#       tools:
#         transfer: { scopes: [payments:write], labels: { max_amount: 1000 } }
#
#   Whoever calls the tool writes its arguments, so the amount is proved to be a number before it is compared: in Rego
#   every text is greater than every number, and null is less.
package custom.argument_limit

default satisfied := false

satisfied if not limited

satisfied if {
	amount >= 0
	amount <= limit
}

denials contains {
	"code": "amount_missing",
	"message": "This tool needs the argument amount, a number. Send it in the call's arguments.",
	"expected": [limit],
} if {
	not amount
}

denials contains {
	"code": "amount_out_of_range",
	"message": $"This tool takes an amount from 0 to {limit}. Lower it, or have the label max_amount raised.",
	"expected": [0, limit],
	"actual": [amount],
} if {
	not satisfied
}

# Whatever the label's value is: one of the wrong type closes the tool. The core denies an operation without record.
limited if "max_amount" in object.keys(input.registered.operation.labels)

limit := label if {
	label := input.registered.operation.labels.max_amount
	is_number(label)
}

amount := given if {
	given := input.call.arguments.amount
	is_number(given)
}
