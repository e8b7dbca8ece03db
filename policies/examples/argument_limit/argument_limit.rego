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

# The core denies an unknown operation; there is no label to ask for.
satisfied if not input.registered.operation

satisfied if object.get(input.registered.operation.labels, "max_amount", "none") == "none"

satisfied if {
	is_number(limit)
	numeric
	amount >= 0
	amount <= limit
}

denials contains {
	"code": "amount_missing",
	"message": "This tool needs the argument amount, a number. Send it in the call's arguments.",
	"expected": [limit],
} if {
	not satisfied
	not numeric
}

denials contains {
	"code": "amount_out_of_range",
	"message": $"This tool takes an amount from 0 to {limit}. Lower it, or have the label max_amount raised.",
	"expected": [0, limit],
	"actual": [amount],
} if {
	not satisfied
	numeric
	is_number(limit)
}

limit := input.registered.operation.labels.max_amount

amount := input.call.arguments.amount

# A rule of its own: `not is_number(amount)` is undefined, not true, where there is no amount.
numeric if is_number(amount)
